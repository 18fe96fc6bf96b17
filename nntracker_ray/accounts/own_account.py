"""What people do with their own account: name, password, sessions, API tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.names import checked_full_name, checked_name
from nntracker_ray.accounts.passwords import check_password, hash_password, is_password
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import SHOWN_START, new_token, secret_hash
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.storage import account_writes, session_writes, token_writes
from nntracker_ray.storage.account_queries import find_account

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection, Database

MOST_TOKENS = 50
LONGEST_LIFETIME = timedelta(days=366)
LONGEST_TOKEN_NAME = 100


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at the one moment when it can be read."""

    token_id: UUID
    token: str
    expires_at: datetime


def change_profile(
    database: Database,
    actor: Actor,
    *,
    name: str | None = None,
    full_name: str | None = None,
    provided: Callable[[Connection], None] = lambda _: None,
) -> None:
    """Rename an account.

    Args:
        provided: Looks at the account as it is, and raises what is to prevent the change.
    Raises: BadInputError: A name cannot be used; ConflictError: It is taken.
    """
    name = checked_name(name) if name is not None else None
    full_name = checked_full_name(full_name) if full_name is not None else None
    with database.connection() as conn:
        account_writes.lock_account(conn, actor.user_id)
        provided(conn)
        account_writes.change_account(conn, actor.user_id, name=name, full_name=full_name)
        if name is not None and name != actor.name:
            actor.note(conn, "changed their name", name)


def change_password(
    database: Database, actor: Actor, *, old: str | None, new: str, session_id: UUID | None
) -> list[bytes]:
    """Set a new password; every other session ends. Returns: The hashes of the sessions that ended.

    Args:
        old: The one until now; None for an account that has none.
        session_id: The session that goes on.
    Raises: BadInputError: The old one is wrong, or the new one cannot be used.
    """
    require_password(database, actor, old)
    check_password(new, about=(actor.name,))
    hashed = hash_password(new)
    with database.connection() as conn:
        account_writes.change_account(conn, actor.user_id, password_hash=hashed)
        ended = session_writes.end_sessions(conn, user_id=actor.user_id, except_id=session_id)
        actor.note(conn, "changed their password", actor.name)
    return ended


def require_password(database: Database, actor: Actor, given: str | None) -> None:
    """Raises: BadInputError: This is not the account's password. One without a password needs none."""
    with database.connection() as conn:
        stored = find_account(conn, actor.user_id).password_hash
    if stored is not None and not is_password(given or "", stored):
        raise BadInputError("this is not your password")


def make_token(
    database: Database, actor: Actor, *, name: str, scopes: Sequence[Scope], lifetime: timedelta
) -> NewToken:
    """An API token for scripts.

    Args:
        name: What it is for, in the owner's words.
        scopes: What it may do; never more than its owner may.
        lifetime: A year at most.
    Raises:
        BadInputError: A value is outside what is allowed.
        ConflictError: There are too many already.
    """
    _check_token(actor, name, scopes, lifetime)
    token, expires_at = new_token(), datetime.now(UTC) + lifetime
    with database.connection() as conn:
        if len(token_writes.list_tokens(conn, user_id=actor.user_id)) >= MOST_TOKENS:
            raise ConflictError(f"you have {MOST_TOKENS} tokens already; revoke those you no longer use")
        token_id = keep_token(conn, actor.user_id, token, name=name, scopes=scopes, expires_at=expires_at)
        actor.note(conn, "made an API token", name, f"{', '.join(scopes)}; until {expires_at:%Y-%m-%d}")
    return NewToken(token_id, token, expires_at)


def keep_token(
    conn: Connection,
    user_id: UUID,
    token: str,
    *,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> UUID:
    """Store the hash of a token. Returns its id."""
    return token_writes.add_token(
        conn,
        user_id=user_id,
        name=name,
        token_hash=secret_hash(token),
        start=token[:SHOWN_START],
        scopes=scopes,
        expires_at=expires_at,
    )


def revoke_token(database: Database, actor: Actor, token_id: UUID) -> None:
    """End a token. Raises: NotFoundError: The account has no such token."""
    with database.connection() as conn:
        if not token_writes.revoke_tokens(conn, user_id=actor.user_id, token_id=token_id):
            raise NotFoundError(f"no token {token_id}")
        actor.note(conn, "revoked an API token", str(token_id)[:8])


def end_session(database: Database, actor: Actor, session_id: UUID) -> list[bytes]:
    """Sign out somewhere else. Returns the hash of what ended. Raises: NotFoundError: There is no such session."""
    with database.connection() as conn:
        ended = session_writes.end_sessions(conn, user_id=actor.user_id, session_id=session_id)
        if not ended:
            raise NotFoundError(f"no session {session_id}")
        actor.note(conn, "ended a session", str(session_id)[:8])
    return ended


def end_other_sessions(database: Database, actor: Actor, *, but: UUID | None) -> list[bytes]:
    """Sign out everywhere else. Returns the hashes of what ended."""
    with database.connection() as conn:
        ended = session_writes.end_sessions(conn, user_id=actor.user_id, except_id=but)
        actor.note(conn, "signed out everywhere else", details=f"{len(ended)} sessions")
    return ended


def _check_token(actor: Actor, name: str, scopes: Sequence[Scope], lifetime: timedelta) -> None:
    if not 1 <= len(name.strip()) <= LONGEST_TOKEN_NAME or not name.isprintable():
        raise BadInputError(f"a token needs a name of 1 to {LONGEST_TOKEN_NAME} characters: what is it for?")
    if not scopes:
        raise BadInputError(f"a token needs at least one scope of {', '.join(Scope)}")
    if Scope.ADMINISTER in scopes and not actor.role.allows(Role.ADMINISTRATOR):
        raise BadInputError("only an administrator's token can administer")
    if not timedelta(hours=1) <= lifetime <= LONGEST_LIFETIME:
        raise BadInputError(f"a token lives between an hour and {LONGEST_LIFETIME.days} days")
