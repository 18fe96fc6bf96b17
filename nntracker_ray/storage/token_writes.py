"""API tokens. Only their hashes come in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class TokenViewer:
    """Whose token it is, and what it may be used for."""

    token_id: UUID
    user_id: UUID
    name: str
    role: Role
    scopes: frozenset[Scope]

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))
        object.__setattr__(self, "scopes", frozenset(map(Scope, self.scopes)))


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as its owner sees it in a list."""

    token_id: UUID
    name: str
    start: str  # its first characters
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None  # None: never
    seen_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", tuple(map(Scope, self.scopes)))


def add_token(
    conn: Connection,
    *,
    user_id: UUID,
    name: str,
    token_hash: bytes,
    start: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> UUID:
    """Keep a new token. Returns its id."""
    values = {"user_id": user_id, "name": name, "token_hash": token_hash, "start": start}
    row = conn.execute(
        query("insert_token"), {**values, "scopes": [*scopes], "expires_at": expires_at}
    ).fetchone()
    assert row is not None, "an insertion returns its row"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def token_viewer(conn: Connection, *, token_hash: bytes, now: datetime) -> TokenViewer | None:
    """Whose token this is; None if it is unknown, expired or revoked, or its account is closed."""
    with conn.cursor(row_factory=class_row(TokenViewer)) as cursor:
        return cursor.execute(query("token_viewer"), {"token_hash": token_hash, "now": now}).fetchone()


def list_tokens(conn: Connection, *, user_id: UUID) -> list[TokenRow]:
    """An account's tokens, the newest first."""
    with conn.cursor(row_factory=class_row(TokenRow)) as cursor:
        return cursor.execute(query("list_tokens"), {"user_id": user_id}).fetchall()


def revoke_tokens(conn: Connection, *, user_id: UUID, token_id: UUID | None = None) -> int:
    """End one token of an account, or all. Returns how many ended."""
    values = {"user_id": user_id, "token_id": token_id}
    return len(conn.execute(query("revoke_tokens"), values).fetchall())
