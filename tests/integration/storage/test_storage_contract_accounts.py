"""Accounts, sessions, tokens, invitations: as every backend must keep them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.storage import account_writes, invitation_writes, session_writes, token_writes
from nntracker_ray.storage.account_queries import account_called, find_account, list_accounts
from nntracker_ray.storage.attempt_writes import Limit, take_attempt
from nntracker_ray.storage.audit_log import list_deeds, note_deed
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.writes import ensure_local_account
from tests.integration.storage.examples_of_records import NOON, specs, submit

LATE = NOON + timedelta(days=30)


@pytest.fixture
def conn(database: Database):
    with database.connection() as connection:
        yield connection


def add(conn: Connection, name: str, role: Role = Role.USER) -> UUID:
    return account_writes.add_account(conn, name=name, role=role, password_hash="a hash")


def open_session(conn: Connection, user_id: UUID, session_hash: bytes = b"s") -> UUID:
    return session_writes.open_session(
        conn, session_hash=session_hash, user_id=user_id, now=NOON, expires_at=NOON + timedelta(days=7)
    )


def viewer(conn: Connection, session_hash: bytes = b"s", *, after: timedelta = timedelta(0)) -> UUID | None:
    found = session_writes.session_viewer(conn, session_hash=session_hash, now=NOON + after)
    return found.viewer_id if found else None


class TestAccounts:
    def test_there_is_one_local_owner_however_often_asked(self, conn: Connection):
        """Every process of a personal platform asks at its start; its owner looks after it."""
        local = ensure_local_account(conn)

        assert ensure_local_account(conn) == local
        assert find_account(conn, local).role is Role.ADMINISTRATOR

    def test_two_names_that_differ_in_case_alone_are_one_name(self, conn: Connection):
        """Nobody must be able to pass for somebody else."""
        ada = add(conn, "ada")

        with pytest.raises(ConflictError, match="taken"):
            add(conn, "ADA")

        found = account_called(conn, "Ada")
        assert found is not None
        assert found.user_id == ada

    def test_a_name_may_be_spelt_anew_but_not_taken_from_somebody(self, conn: Connection):
        """ "ada" to "Ada" is no conflict with oneself."""
        ada = add(conn, "ada")
        add(conn, "bob")

        account_writes.change_account(conn, ada, name="Ada")
        with pytest.raises(ConflictError, match="taken"):
            account_writes.change_account(conn, ada, name="Bob")

        assert find_account(conn, ada).name == "Ada"

    def test_two_who_take_a_name_at_once_do_not_both_get_it(self, database: Database):
        """The second has looked while it was still free: a conflict, and no error of the server."""
        with database.connection() as conn:
            ada, bob = add(conn, "ada"), add(conn, "bob")

        def rename_bob() -> None:
            with database.connection() as conn:
                account_writes.change_account(conn, bob, name="eve")

        with ThreadPoolExecutor() as threads:
            with database.connection() as conn:
                account_writes.change_account(conn, ada, name="Eve")
                second = threads.submit(rename_bob)
                while not conn.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                    time.sleep(0.01)
            with pytest.raises(ConflictError, match="taken"):
                second.result(timeout=20)

    @pytest.mark.parametrize(
        "lose",
        [
            lambda conn, who: account_writes.change_account(conn, who, role=Role.USER),
            lambda conn, who: account_writes.set_disabled(conn, who, disabled=True),
            account_writes.delete_account,
        ],
        ids=["demoted", "disabled", "deleted"],
    )
    def test_the_last_administrator_stays(self, conn: Connection, lose):
        """A platform that nobody can look after cannot be repaired from within."""
        only, closed = add(conn, "root", Role.ADMINISTRATOR), add(conn, "former", Role.ADMINISTRATOR)
        account_writes.set_disabled(conn, closed, disabled=True)

        with pytest.raises(ConflictError, match="only administrator"):
            lose(conn, only)

        account_writes.set_disabled(conn, closed, disabled=False)
        lose(conn, only)

    def test_lists_are_searched_sorted_and_paged(self, conn: Connection):
        """An administrator of two hundred people finds one by any part of a name."""
        for name in ("carl", "ada", "bob"):
            account_writes.add_account(
                conn, name=name, full_name=f"{name.title()} Lovelace", role=Role.USER, password_hash=None
            )
        add(conn, "viewer", Role.VIEWER)

        assert [row.name for row in list_accounts(conn).rows] == ["ada", "bob", "carl", "viewer"]
        assert [row.name for row in list_accounts(conn, descending=True, limit=2).rows] == ["viewer", "carl"]
        assert list_accounts(conn, search="LOVE", limit=1).total == 3
        assert [row.name for row in list_accounts(conn, role=Role.VIEWER).rows] == ["viewer"]
        assert list_accounts(conn, search="nobody").rows == ()

    def test_a_list_says_what_the_runs_of_each_are_doing(self, database: Database):
        """Whoever shares a machine wants to know who has it."""
        with database.connection() as conn:
            ada = add(conn, "ada")
            add(conn, "bob")
        submit(database, specs(3), owner_id=ada)

        with database.connection() as conn:
            rows = {row.name: row for row in list_accounts(conn, order_by="runs", descending=True).rows}

        assert next(iter(rows)) == "ada"
        assert (rows["ada"].runs, rows["bob"].runs) == (3, 0)

    def test_what_an_account_had_can_be_left_to_another(self, database: Database):
        """Somebody leaves the group; their results stay."""
        with database.connection() as conn:
            ada, bob = add(conn, "ada"), add(conn, "bob")
            add(conn, "root", Role.ADMINISTRATOR)
        submit(database, specs(2), owner_id=ada)

        with database.connection() as conn:
            given = account_writes.give_everything(conn, user_id=ada, heir_id=bob)
            account_writes.delete_account(conn, ada)
            owned = account_writes.experiments_owned(conn, bob)

        assert (given.experiments, given.runs, owned) == (1, 2, 1)


class TestSessions:
    def test_a_login_link_works_once_and_in_time(self, conn: Connection):
        """A link in a shell history or a log must be worthless afterwards."""
        user_id = ensure_local_account(conn)
        for token in (b"used", b"late"):
            session_writes.create_login_link(
                conn, user_id=user_id, token_hash=token, expires_at=NOON + timedelta(minutes=15)
            )

        assert session_writes.use_login_link(conn, token_hash=b"used", now=NOON) == user_id
        assert session_writes.use_login_link(conn, token_hash=b"used", now=NOON) is None
        assert session_writes.use_login_link(conn, token_hash=b"late", now=LATE) is None
        assert session_writes.use_login_link(conn, token_hash=b"made up", now=NOON) is None

    def test_a_session_ends_after_a_week_after_half_a_day_of_silence_or_when_it_is_ended(
        self, conn: Connection
    ):
        """A browser that was left open somewhere must not stay a door."""
        ada = add(conn, "ada")
        open_session(conn, ada)

        assert viewer(conn) == ada
        assert viewer(conn, after=timedelta(hours=11)) == ada
        assert viewer(conn, after=timedelta(hours=22)) == ada  # it was used eleven hours before
        assert viewer(conn, after=timedelta(hours=35)) is None
        session_writes.end_session(conn, session_hash=b"s")
        assert viewer(conn, after=timedelta(hours=22)) is None

        open_session(conn, ada, b"long")
        for hours in range(0, 7 * 24, 10):
            assert viewer(conn, b"long", after=timedelta(hours=hours)) == ada
        assert viewer(conn, b"long", after=timedelta(days=7, minutes=1)) is None

    def test_a_closed_account_has_no_session_and_no_token(self, conn: Connection):
        """Disabling somebody takes effect at once, wherever they are signed in."""
        ada = add(conn, "ada")
        add(conn, "root", Role.ADMINISTRATOR)
        open_session(conn, ada)
        token = {"name": "t", "token_hash": b"t", "start": "nnt_", "scopes": [Scope.READ], "expires_at": None}
        token_writes.add_token(conn, user_id=ada, **token)

        account_writes.set_disabled(conn, ada, disabled=True)

        assert viewer(conn) is None
        assert token_writes.token_viewer(conn, token_hash=b"t", now=NOON) is None
        account_writes.set_disabled(conn, ada, disabled=False)
        assert viewer(conn) == ada

    def test_sessions_are_listed_and_ended_one_by_one_or_all_but_one(self, conn: Connection):
        """Somebody who has lost a laptop signs it out from another."""
        ada, bob = add(conn, "ada"), add(conn, "bob")
        here, there, lost = (open_session(conn, ada, name) for name in (b"here", b"there", b"lost"))
        open_session(conn, bob, b"bob's")

        assert session_writes.end_sessions(conn, user_id=bob, session_id=lost) == []
        assert session_writes.end_sessions(conn, user_id=ada, session_id=lost) == [b"lost"]
        assert session_writes.end_sessions(conn, user_id=ada, except_id=here) == [b"there"]
        left = session_writes.list_sessions(conn, user_id=ada, now=NOON)

        assert [row.session_id for row in left] == [here]
        assert there != here
        assert viewer(conn, b"bob's") == bob

    def test_what_is_over_is_forgotten(self, conn: Connection):
        """The tables do not grow for ever."""
        open_session(conn, add(conn, "ada"))
        take_attempt(conn, Limit("kind", 5, timedelta(minutes=5)), "ada", now=NOON)

        session_writes.forget_what_is_over(conn, now=LATE)

        left = conn.execute("SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM attempts)")
        assert left.fetchone() == (0, 0)


class TestTokens:
    def test_a_token_is_known_until_it_expires_or_is_revoked(self, conn: Connection):
        """A token in a script that nobody remembers stops by itself."""
        ada, bob = add(conn, "ada"), add(conn, "bob")
        token_id = token_writes.add_token(
            conn, user_id=ada, name="nightly", token_hash=b"t", start="nnt_abcd", scopes=[Scope.READ, Scope.ACT],
            expires_at=NOON + timedelta(days=1),
        )  # fmt: skip

        found = token_writes.token_viewer(conn, token_hash=b"t", now=NOON)
        assert found is not None
        assert (found.user_id, found.role, found.scopes) == (ada, Role.USER, {Scope.READ, Scope.ACT})
        assert [row.start for row in token_writes.list_tokens(conn, user_id=ada)] == ["nnt_abcd"]
        assert token_writes.token_viewer(conn, token_hash=b"t", now=LATE) is None
        assert token_writes.revoke_tokens(conn, user_id=bob, token_id=token_id) == 0
        assert token_writes.revoke_tokens(conn, user_id=ada, token_id=token_id) == 1
        assert token_writes.token_viewer(conn, token_hash=b"t", now=NOON) is None
        assert token_writes.list_tokens(conn, user_id=ada) == []


class TestInvitations:
    def test_an_invitation_makes_one_account(self, conn: Connection):
        """A link that was forwarded to a mailing list must not make a hundred."""
        invitation_id = invitation_writes.add_invitation(
            conn, token_hash=b"i", role=Role.VIEWER, by="root", expires_at=NOON + timedelta(days=7)
        )

        assert [one.invitation_id for one in invitation_writes.list_invitations(conn, now=NOON)] == [
            invitation_id
        ]
        assert invitation_writes.use_invitation(conn, token_hash=b"i", now=NOON) == (
            invitation_id,
            Role.VIEWER,
        )
        assert invitation_writes.use_invitation(conn, token_hash=b"i", now=NOON) is None
        assert invitation_writes.list_invitations(conn, now=NOON) == []

    def test_one_that_was_taken_back_or_is_too_old_makes_none(self, conn: Connection):
        """Sent to the wrong person."""
        lifetime = {"expires_at": NOON + timedelta(days=7)}
        gone = invitation_writes.add_invitation(conn, token_hash=b"i", role=Role.USER, by="root", **lifetime)
        invitation_writes.add_invitation(conn, token_hash=b"old", role=Role.USER, by="root", **lifetime)

        invitation_writes.revoke_invitation(conn, invitation_id=gone, now=NOON)

        assert invitation_writes.use_invitation(conn, token_hash=b"i", now=NOON) is None
        assert invitation_writes.use_invitation(conn, token_hash=b"old", now=LATE) is None
        with pytest.raises(NotFoundError):
            invitation_writes.revoke_invitation(conn, invitation_id=gone, now=NOON)


class TestAttempts:
    def test_so_many_in_so_long_and_then_again(self, conn: Connection):
        """Guessing has to wait, and the owner can sign in again after the window."""
        limit = Limit("sign-in", 3, timedelta(minutes=5))
        tries = [take_attempt(conn, limit, "Ada", now=NOON + timedelta(minutes=i)) for i in range(4)]

        assert tries == [True, True, True, False]
        assert take_attempt(conn, limit, "bob", now=NOON + timedelta(minutes=3))
        assert not take_attempt(conn, limit, "ADA", now=NOON + timedelta(minutes=4))  # the same account
        assert take_attempt(conn, limit, "ada", now=NOON + timedelta(minutes=5, seconds=1))


class TestAudit:
    def test_deeds_are_kept_searched_and_paged(self, conn: Connection):
        """Weeks later somebody asks who gave whom which role."""
        root = add(conn, "root", Role.ADMINISTRATOR)
        for number in range(5):
            note_deed(conn, action="changed a role", by="root", user_id=root, subject=f"user {number}")
        note_deed(conn, action="failed to sign in", by="mallory", address="10.0.0.9")

        page = list_deeds(conn, search="ROLE", limit=2)
        rest = list_deeds(conn, search="role", before=page[-1].no)

        assert [entry.subject for entry in (*page, *rest)] == [f"user {n}" for n in (4, 3, 2, 1, 0)]
        assert [entry.by for entry in list_deeds(conn, limit=1)] == ["mallory"]
        assert len(list_deeds(conn, user_id=root)) == 5
