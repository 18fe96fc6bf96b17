"""One web server for a module, as it takes long to start, and the local account signed in to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from apps.api.sign_in import make_login_link
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.web_examples import web_server


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def address(home: Home, module_database: Database) -> Iterator[str]:
    with web_server(home.root, module_database.dsn) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str, module_database: Database) -> Iterator[httpx.Client]:
    """The local account, an administrator, speaking as our own pages do."""
    with httpx.Client(base_url=address, headers={"origin": address}, timeout=120) as client:
        token = make_login_link(module_database, address).partition("#")[2]
        client.post("/session", json={"token": token}).raise_for_status()
        yield client
