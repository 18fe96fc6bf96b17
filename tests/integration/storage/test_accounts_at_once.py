"""Accounts while others are at work on them: nothing is lost, and nobody waits who need not."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from nntracker_ray.accounts import administration
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.errors import ConflictError
from nntracker_ray.storage import account_writes, session_writes, token_writes
from nntracker_ray.storage.account_queries import list_accounts
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.dataset_rows import add_dataset, page_of_datasets
from nntracker_ray.storage.model_rows import add_model, page_of_models
from tests.integration.storage.examples_of_records import NOON, specs, submit

HOURS = timedelta(hours=1)


def add(conn: Connection, name: str, role: Role = Role.USER) -> UUID:
    return account_writes.add_account(conn, name=name, role=role, password_hash=None)


@pytest.fixture
def root(database: Database) -> Actor:
    with database.connection() as conn:
        return Actor(add(conn, "root", Role.ADMINISTRATOR), "root", Role.ADMINISTRATOR)


@pytest.fixture
def ada(database: Database) -> UUID:
    with database.connection() as conn:
        return add(conn, "ada")


def test_what_an_account_is_given_while_it_is_deleted_is_not_deleted_with_it(
    database: Database, root: Actor, ada: UUID
):
    """A submission that is on its way when an administrator looks: the account does not look empty."""
    outcome: list[Exception] = []

    def delete() -> None:
        try:
            administration.delete_account(database, root, ada, heir_id=None)
        except ConflictError as error:
            outcome.append(error)

    deletion = threading.Thread(target=delete)
    with database.connection() as conn:
        conn.execute("INSERT INTO experiments (experiment_id, owner_id, name, config)"
                     " VALUES (gen_random_uuid(), %s, 'x', '{}')", [ada])  # fmt: skip
        deletion.start()
        deletion.join(1)  # by then it waits
    deletion.join(20)

    assert len(outcome) == 1
    with database.connection() as conn:
        assert account_writes.experiments_owned(conn, ada) == 1


def test_heirs_get_datasets_and_models_too(database: Database, root: Actor, ada: UUID):
    """Experiments cannot be made again without them; where a name is taken, it changes."""
    with database.connection() as conn:
        bob = add(conn, "bob")
        for owner_id, digest in ((ada, "a" * 64), (bob, "b" * 64)):
            for name in ("train.npz", f"only {digest[0]}"):
                add_dataset(
                    conn, owner_id=owner_id, name=name, digest=digest, is_public=False, kind="npz", size=1,
                    facts={},
                )  # fmt: skip
            add_model(conn, owner_id=owner_id, name="net", digest=digest, is_public=False, facts={})
    submit(database, specs(1), owner_id=ada)

    administration.delete_account(database, root, ada, heir_id=bob)

    with database.connection() as conn:
        datasets = {row.name: row.digest[0] for row in page_of_datasets(conn, viewer_id=bob).rows}
        models = {row.name: row.digest[0] for row in page_of_models(conn, viewer_id=bob).rows}
    new = f"({str(ada)[:8]})"
    assert datasets == {"train.npz": "b", f"train {new}.npz": "a", "only a": "a", "only b": "b"}
    assert models == {"net": "b", f"net {new}": "a"}


def test_who_asks_is_known_while_somebody_works_on_the_account(database: Database, ada: UUID):
    """The gate looks at each request; a long change of an account would otherwise hold all of its threads."""
    with database.connection() as conn:
        session_writes.open_session(
            conn, session_hash=b"s", user_id=ada, now=NOON, expires_at=NOON + timedelta(days=7)
        )
        token_writes.add_token(
            conn, user_id=ada, name="t", token_hash=b"t", start="t", scopes=[Scope.READ], expires_at=None
        )

    with database.connection() as working, database.connection() as conn:
        working.execute("SELECT FROM users, sessions, api_tokens FOR UPDATE")
        conn.execute("SET LOCAL lock_timeout = '5s'")
        by_session = session_writes.session_viewer(conn, session_hash=b"s", now=NOON + HOURS)
        by_token = token_writes.token_viewer(conn, token_hash=b"t", now=NOON + HOURS)

    assert by_session is not None
    assert by_token is not None
    with database.connection() as conn:
        session_writes.session_viewer(conn, session_hash=b"s", now=NOON + 2 * HOURS)
        assert list_accounts(conn, search="ada").rows[0].seen_at == NOON + 2 * HOURS


def test_behind_the_last_page_the_number_of_accounts_is_known(database: Database, root: Actor, ada: UUID):
    """A page that was the last until somebody left still says how many there are."""
    with database.connection() as conn:
        page = list_accounts(conn, offset=50)

    assert (page.rows, page.total) == ((), 2)
    assert root.user_id != ada
