"""Somebody who is signed in."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from nntracker_ray.storage.connection import Database
from tests.integration.web.gate.callers import sign_in


@pytest.fixture(scope="module")
def database(module_database: Database) -> Database:
    """One for the module: what tests leave in it, sessions and links, does not disturb the others."""
    return module_database


@pytest.fixture
def signed_in(address: str, database: Database) -> Iterator[httpx.Client]:
    client = sign_in(address, database)
    yield client
    client.close()
