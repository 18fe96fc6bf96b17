"""`nntracker link`: who may use the data folder may sign in, also where the web app is looked after by others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from apps.api.sign_in import Sessions, Visit
from apps.cli import app
from nntracker_ray.errors import BadInputError, PlatformError


@pytest.fixture
def link(tmp_path, database_url, monkeypatch):
    """The command on a data folder on which no platform runs; its database answers."""
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)

    def link(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["link", "--home", str(tmp_path), *arguments])

    return link


@pytest.mark.parametrize(
    "address", ["https://tracker.example", "http://127.0.0.1:8000/", "http://[::1]:8000"]
)
def test_a_link_to_an_address_needs_the_database_alone(link, database, address):
    """Where KubeRay or `serve deploy` keeps the web app, no platform knows its address."""
    printed = link("--address", address).stdout.strip()

    place, _, secret = printed.partition("#")
    assert place == f"{address.rstrip('/')}/welcome"
    assert Sessions(database).by_link(secret, now=datetime.now(UTC), visit=Visit()) is not None


@pytest.mark.parametrize(
    "address",
    ["tracker.example", "ftp://host", "http://", "http://host/welcome#x", "http://h:port", "http://[1"],
)
def test_an_address_that_is_none_is_refused(link, address):
    """A link that leads nowhere would be found out in a browser."""
    refused = link("--address", address)

    assert isinstance(refused.exception, BadInputError)
    assert "https://tracker.example" in str(refused.exception)


def test_without_a_platform_the_way_out_is_named(link):
    """It may run elsewhere."""
    refused = link()

    assert isinstance(refused.exception, PlatformError)
    assert "--address" in str(refused.exception)
