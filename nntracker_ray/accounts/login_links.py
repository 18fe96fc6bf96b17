"""One-time links that sign an account in: the first time, or when a password is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.secrets import new_secret, secret_hash
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.storage import session_writes
from nntracker_ray.storage.account_queries import find_account

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection, Database

LINK_LIFETIME = timedelta(minutes=15)


def login_link_secret(conn: Connection, user_id: UUID) -> str:
    """The secret of a new one-time link to an account."""
    secret = new_secret()
    expires_at = datetime.now(UTC) + LINK_LIFETIME
    session_writes.create_login_link(
        conn, user_id=user_id, token_hash=secret_hash(secret), expires_at=expires_at
    )
    return secret


def make_for_somebody(database: Database, actor: Actor, user_id: UUID) -> str:
    """An administrator's link to somebody's account. Returns its secret.

    Raises:
        NotFoundError: No such account.
        ConflictError: It is disabled: the link would open nothing.
    """
    if not actor.role.allows(Role.ADMINISTRATOR):
        raise NotFoundError("no such page")
    with database.connection() as conn:
        account = find_account(conn, user_id)
        if account.disabled_at is not None:
            raise ConflictError(f"{account.name} is disabled; enable the account first")
        secret = login_link_secret(conn, user_id)
        actor.note(conn, "made a sign-in link", account.name)
    return secret
