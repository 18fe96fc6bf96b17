"""Invitations: links by which one person each may register. Only hashes of secrets come in here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class Invitation:
    """One that can still be used."""

    invitation_id: UUID
    role: Role
    by: str
    created_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))


def add_invitation(conn: Connection, *, token_hash: bytes, role: Role, by: str, expires_at: datetime) -> UUID:
    """Keep a new invitation. Returns its id."""
    values = {"token_hash": token_hash, "role": role, "by": by, "expires_at": expires_at}
    row = conn.execute(query("insert_invitation"), values).fetchone()
    assert row is not None, "an insertion returns its row"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def use_invitation(conn: Connection, *, token_hash: bytes, now: datetime) -> tuple[UUID, Role] | None:
    """Take an invitation: its id and the role it gives. None if it is unknown, used or expired."""
    row = conn.execute(query("use_invitation"), {"token_hash": token_hash, "now": now}).fetchone()
    return (row[0], Role(row[1])) if row else None


def note_invited(conn: Connection, *, invitation_id: UUID, user_id: UUID) -> None:
    """Keep who has come by an invitation."""
    conn.execute(query("note_invited"), {"invitation_id": invitation_id, "user_id": user_id})


def list_invitations(conn: Connection, *, now: datetime) -> list[Invitation]:
    """Those that can still be used, the newest first."""
    with conn.cursor(row_factory=class_row(Invitation)) as cursor:
        return cursor.execute(query("list_invitations"), {"now": now}).fetchall()


def revoke_invitations_of(conn: Connection, *, user_id: UUID, now: datetime) -> int:
    """Take back what an account has made and nobody has used. Returns how many."""
    return len(conn.execute(query("revoke_invitations_of"), {"user_id": user_id, "now": now}).fetchall())


def revoke_invitation(conn: Connection, *, invitation_id: UUID, now: datetime) -> None:
    """Take one back. Raises: NotFoundError: It was used, or there is none of that id."""
    values = {"invitation_id": invitation_id, "now": now}
    if conn.execute(query("revoke_invitation"), values).fetchone() is None:
        raise NotFoundError(f"no invitation {invitation_id} that could still be used")
