"""A script that speaks REST with a token, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from apps.api.local_token import keep_local_token
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.web_examples import web_server


@contextmanager
def rest_client(home: Path, database: Database) -> Iterator[httpx.Client]:
    """A server, and a client with the token of the local account."""
    with web_server(home, database.dsn) as address:
        keep_local_token(database, Home(home))
        headers = {"authorization": f"Bearer {Home(home).api_token.read_text()}"}
        with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
            yield client
