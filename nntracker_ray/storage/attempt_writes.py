"""Counting attempts, so that passwords cannot be guessed by trying."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts of a kind in so long."""

    kind: str
    count: int
    window: timedelta


def take_attempt(conn: Connection, limit: Limit, subject: str, *, now: datetime) -> bool:
    """Count one attempt of `subject` (a name, an address). False, and nothing counted, when the limit is reached.

    Commit before the attempt is made: one that fails must have counted.
    """
    of = _of(limit, subject)
    conn.execute(query("lock_attempts"), of)
    row = conn.execute(query("count_attempts"), {**of, "since": now - limit.window}).fetchone()
    if row is not None and row[0] >= limit.count:
        return False
    conn.execute(query("insert_attempt"), {**of, "now": now})
    return True


def forget_attempts(conn: Connection, limit: Limit, subject: str) -> None:
    """Count from zero again: somebody has shown who they are."""
    conn.execute(query("forget_attempts"), _of(limit, subject))


def _of(limit: Limit, subject: str) -> dict[str, str]:
    return {"kind": limit.kind, "subject": subject[:200].lower()}
