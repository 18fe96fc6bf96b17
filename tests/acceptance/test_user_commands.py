"""`nntracker user` and `users`: who may use the data folder lets people in and out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from apps.api.sign_in import Sessions, Visit
from apps.cli import app
from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.storage.account_queries import account_called
from nntracker_ray.storage.connection import Database

ADDRESS = ("--address", "https://tracker.example")


@pytest.fixture
def nntracker(tmp_path, database_url, monkeypatch):
    """The command line on a data folder on which no platform runs; its database answers."""
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)

    def nntracker(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--home", str(tmp_path)])

    return nntracker


def role_of(database: Database, name: str) -> Role | None:
    with database.connection() as conn:
        found = account_called(conn, name)
    return found.role if found else None


def test_the_first_administrator_of_a_shared_platform_comes_by_a_link(nntracker, database: Database):
    """No default password, nothing that a stranger could guess."""
    printed = nntracker("user", "ada", "--role", "administrator", *ADDRESS).stdout.strip()

    place, _, secret = printed.partition("#")
    assert place == "https://tracker.example/welcome"
    session = Sessions(database).by_link(secret, now=datetime.now(UTC), visit=Visit())
    caller = Sessions(database).caller(session, now=datetime.now(UTC))
    assert caller is not None
    assert (caller.name, caller.role) == ("ada", Role.ADMINISTRATOR)


def test_a_role_is_changed_and_an_account_closed_and_opened(nntracker, database: Database):
    """Everything that the pages do, where only a shell is left."""
    nntracker("user", "ada", "--role", "user", *ADDRESS)
    nntracker("user", "ada", "--role", "viewer", *ADDRESS)
    assert role_of(database, "ada") is Role.VIEWER

    assert nntracker("user", "ada", "--disable").stdout == "ada is disabled\n"
    assert isinstance(nntracker("user", "ada", *ADDRESS).exception, ConflictError)
    listed = json.loads(nntracker("users", "--json").stdout)["users"]
    assert [(one["name"], one["disabled_at"] is None) for one in listed] == [("ada", False), ("local", True)]
    assert "ada" in nntracker("users").stdout
    nntracker("user", "ada", "--enable")
    assert nntracker("user", "ada", *ADDRESS).exit_code == 0


def test_a_mistyped_name_makes_no_account(nntracker, database: Database):
    """Only a role makes one."""
    assert isinstance(nntracker("user", "adda", *ADDRESS).exception, NotFoundError)
    assert isinstance(nntracker("user", "adda", "--disable").exception, NotFoundError)
    assert isinstance(nntracker("user", "a", "--role", "user", "--disable").exception, BadInputError)
    assert role_of(database, "adda") is None
