"""Two users beside the administrator."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from nntracker_ray.storage.connection import Database
from tests.integration.web.new_experiments.iris import IRIS, MODEL, somebody, upload


@pytest.fixture(scope="module")
def ada(client: httpx.Client, module_database: Database) -> Iterator[httpx.Client]:
    """Another account, a plain user."""
    yield from somebody(client, module_database, "ada")


@pytest.fixture(scope="module")
def bob(client: httpx.Client, module_database: Database) -> Iterator[httpx.Client]:
    yield from somebody(client, module_database, "bob")


@pytest.fixture
def stored(ada: httpx.Client) -> httpx.Client:
    """Ada, with data and a model."""
    assert upload(ada, "datasets", "iris.arff", IRIS.read_bytes()).status_code in (200, 201)
    assert upload(ada, "models", "flowers", MODEL.read_bytes()).status_code in (200, 201)
    return ada
