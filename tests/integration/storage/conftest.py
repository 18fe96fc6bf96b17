"""The storage contract holds on every backend: each test here runs on each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import TemplateDatabase
from tests.timescale.root import ImpossibleHereError
from tests.timescale.server import TimescaleServer


@pytest.fixture(scope="session")
def timescale_template() -> Iterator[TemplateDatabase]:
    """The migrated template in a real TimescaleDB; skipped where that is impossible, except in CI."""
    try:
        server = TimescaleServer()
        server.start()
    except ImpossibleHereError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test on the real TimescaleDB: {reason}")
        pytest.skip(f"no TimescaleDB here: {reason}")
    yield TemplateDatabase.make(server.dsn)
    server.stop()


@pytest.fixture(params=["embedded", pytest.param("timescale", marks=pytest.mark.timescale)])
def backend(request: pytest.FixtureRequest) -> str:
    """Name of the backend under test."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated, empty database on the backend under test."""
    template: TemplateDatabase = request.getfixturevalue(f"{backend}_template")
    yield from template.copy()
