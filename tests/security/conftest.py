"""One browser and one web server for the pages of a module; its own `stage` says what stands on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from nntracker_ray.storage.connection import Database
from tests.security.watching import chromium
from tests.web_examples import web_server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, module_database: Database, stage: Any) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("home"), module_database.dsn) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
