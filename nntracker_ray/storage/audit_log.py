"""What people have done that an administrator may have to read later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed."""

    no: int
    time: datetime
    user_id: UUID | None  # None: nobody was signed in
    by: str
    action: str
    subject: str
    details: str
    address: str


def note_deed(
    conn: Connection,
    *,
    action: str,
    by: str,
    user_id: UUID | None = None,
    subject: str = "",
    details: str = "",
    address: str = "",
) -> None:
    """Keep a deed, in the transaction that does it.

    Args:
        action: In the past tense: "signed in", "role changed".
        subject: Whom or what it was done to.
    """
    values = {"action": action, "by": by, "user_id": user_id}
    more = {"subject": subject[:300], "details": details[:2000], "address": address[:100]}
    conn.execute(query("insert_audit"), {**values, **more})


def list_deeds(
    conn: Connection,
    *,
    search: str = "",
    user_id: UUID | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """A page of deeds, the newest first.

    Args:
        search: Part of who, what, whom or details, in whatever case.
        before: Only deeds with smaller numbers: the last number of the page before.
    """
    values = {"search": search, "user_id": user_id, "before": before, "limit": limit}
    with conn.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return cursor.execute(query("list_audit"), values).fetchall()
