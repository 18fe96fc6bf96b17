"""What nobody has foreseen is found again by the one who must mend it, and tells a stranger nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from apps.serve import DSN_FILE, build_replica_app
from apps.web_log import LOGGERS, NAME
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client


@pytest.fixture
def client(tmp_path: Path, database: Database, own_loggers: None) -> Iterator[httpx.Client]:
    """Of a server that keeps its log as a replica does."""
    home = Home(tmp_path).create()
    (home.root / DSN_FILE).write_text(database.dsn)
    build_replica_app(str(home.root), frozenset())
    with rest_client(tmp_path, database) as client:
        yield client


@pytest.fixture
def own_loggers() -> Iterator[None]:
    """Other tests' logs are not to go into the file of this one."""
    before = {name: list(logging.getLogger(name).handlers) for name in LOGGERS}
    yield
    for name, handlers in before.items():
        logging.getLogger(name).handlers = handlers


def break_experiments(database: Database) -> None:
    """As a bug would: a statement that the database refuses."""
    with database.connection() as conn:
        conn.execute("ALTER TABLE experiments RENAME COLUMN max_concurrent TO secret_column")


def test_the_answer_has_a_number_that_leads_to_the_traceback(
    client: httpx.Client, database: Database, tmp_path: Path
):
    """An error that left no trace once cost a day: nobody could say what had failed."""
    break_experiments(database)

    answer = client.get("/api/experiments")

    number = answer.json()["request"]
    log = (tmp_path / "logs" / NAME).read_text()
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert number == answer.headers["x-request-id"]
    assert f"request {number} failed: GET '/api/experiments' by 'local'" in log
    assert "Traceback" in log
    assert "StorageError: the database refused" in log
    assert ((tmp_path / "logs" / NAME).stat().st_mode & 0o777) == 0o600


def test_it_tells_nothing_of_the_inside(client: httpx.Client, database: Database):
    """Names of tables and lines of code help whoever looks for a way in."""
    break_experiments(database)

    answer = client.get("/api/experiments")

    assert not re.search("secret_column|max_concurrent|Traceback|Storage", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_every_answer_has_a_number(client: httpx.Client):
    """So that a person can ask about any of them."""
    numbers = [client.get(path).headers["x-request-id"] for path in ("/api/runs", "/api/nothing", "/welcome")]

    assert len(set(numbers)) == 3
