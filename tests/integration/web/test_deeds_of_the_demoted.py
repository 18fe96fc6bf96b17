"""A page that is open while its person is disabled or demoted: whatever it still asks is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from apps.api.sign_in import CONFIRMED_FOR, PageCaller, Sessions, Visit
from apps.dashboard.acting import Acting
from apps.dashboard.present import ConfirmFirstError, Present, SignedOutError
from nntracker_ray.accounts.roles import Role
from nntracker_ray.commands import Verb
from nntracker_ray.errors import NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.storage import account_writes, session_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import run_specs, submit

Change = Callable[[Database, UUID], None]


def disable(database: Database, user_id: UUID) -> None:
    with database.connection() as conn:
        account_writes.set_disabled(conn, user_id, disabled=True)


def demote(database: Database, user_id: UUID) -> None:
    with database.connection() as conn:
        account_writes.change_account(conn, user_id, role=Role.VIEWER)


def delete(database: Database, user_id: UUID) -> None:
    with database.connection() as conn:
        account_writes.delete_account(conn, user_id)


CHANGES = pytest.mark.parametrize("change", [disable, demote, delete], ids=lambda change: change.__name__)


@pytest.fixture
def somebody(database: Database) -> PageCaller:
    """A user with a page open. A second administrator is there, so that anybody may go."""
    now = datetime.now(UTC)
    with database.connection() as conn:
        user_id = account_writes.add_account(
            conn, name="ada", role=Role.ADMINISTRATOR, password_hash="a hash"
        )
        account_writes.add_account(conn, name="root", role=Role.ADMINISTRATOR, password_hash=None)
        secret = Sessions(database).open(
            conn, user_id=user_id, now=now, visit=Visit("10.0.0.1"), replaces=None
        )
    caller = Sessions(database).caller(secret, now=now)
    assert caller is not None
    return PageCaller.of(caller.header)


@CHANGES
def test_runs_are_not_commanded_or_tagged(change: Change, database: Database, tmp_path, somebody: PageCaller):
    """The websocket is closed at once; what was on its way is refused all the same."""
    specs = run_specs("Hers")
    submit(database, "Hers", specs)
    acting = Acting(database, Home(tmp_path), somebody.viewer_id, somebody.name)
    assert not acting.tag([specs[0].run_id], add=["seen"]).is_bad

    change(database, somebody.viewer_id)

    assert acting.give(Verb.PAUSE, [specs[0].run_id]).is_bad
    assert acting.tag([specs[0].run_id], add=["more"]).is_bad


@CHANGES
def test_accounts_are_not_changed(change: Change, database: Database, somebody: PageCaller):
    """Who was an administrator when the page was built may be none when a button is pressed."""
    present = Present(database, somebody)
    assert present.actor(Role.ADMINISTRATOR).address == "10.0.0.1"

    change(database, somebody.viewer_id)

    with pytest.raises((SignedOutError, NotFoundError)):
        present.actor(Role.ADMINISTRATOR)


def test_a_password_given_long_ago_is_asked_for_again(database: Database, somebody: PageCaller):
    """The gate asks at each request; a page, at each deed."""
    present = Present(database, somebody)
    present.actor(Role.ADMINISTRATOR, confirmed=True)
    assert somebody.session_id is not None
    with database.connection() as conn:
        session_writes.confirm_session(
            conn, session_id=somebody.session_id, now=datetime.now(UTC) - CONFIRMED_FOR
        )

    with pytest.raises(ConfirmFirstError):
        present.actor(Role.ADMINISTRATOR, confirmed=True)

    assert present.actor(Role.ADMINISTRATOR).name == "ada"


def test_a_session_of_somebody_else_is_none(database: Database, somebody: PageCaller):
    """A page knows a session's id, which is no secret: it must belong to who looks."""
    theirs = PageCaller(UUID(int=1), UUID(int=1), Role.ADMINISTRATOR, "eve", somebody.session_id)

    with pytest.raises(SignedOutError):
        Present(database, theirs).actor()
