"""`nntracker share`, on a real database."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from apps.cli import app
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.storage.connection import ENVIRONMENT_VARIABLE, Database
from tests.integration.storage.examples_of_records import claim, specs, submit


@pytest.fixture
def share(database_url, tmp_path, monkeypatch):
    """Runs the command with the test's database."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, database_url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["share", *arguments, "--home", str(tmp_path)])

    return run


@pytest.fixture
def backend() -> str:
    """One is enough: the storage contract has both."""
    return "embedded"


def test_share_shows_who_has_what(share, database: Database):
    """Whoever waits can see for what."""
    submit(database, specs(3))
    claim(database)

    (local,) = json.loads(share("--json").stdout)["users"]

    assert (local["name"], local["running"], local["queued"], local["cpu"]) == ("local", 1, 2, 1.0)
    assert "local" in share().stdout


def test_share_changes_what_is_given_and_leaves_the_rest(share, database: Database):
    """Two people who change one thing each do not undo each other."""
    share("local", "--weight", "2.5", "--max-queued", "9")

    (local,) = json.loads(share("local", "--max-running", "4", "--max-queued", "none", "--json").stdout)[
        "users"
    ]

    assert (local["weight"], local["max_running"], local["max_queued"]) == (2.5, 4, None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["local", "--weight", "0"], BadInputError),
        (["local", "--max-running", "many"], BadInputError),
        (["local", "--max-running", "-1"], BadInputError),
        (["--weight", "2"], BadInputError),
        (["nobody", "--weight", "2"], NotFoundError),
    ],
)
def test_share_refuses_what_cannot_be(share, arguments, error):
    """What is refused changes nothing and says what is allowed."""
    assert isinstance(share(*arguments).exception, error)
