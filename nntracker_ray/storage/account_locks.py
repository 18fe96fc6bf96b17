"""Keeping accounts as they are while something is worked out that depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def lock_accounts(conn: Connection, user_ids: Sequence[UUID]) -> None:
    """Until the transaction ends nobody else gives these accounts anything, or takes them away.

    The administrators first, as everywhere: two who do this at once then wait for each other in one order.
    """
    conn.execute(query("lock_administrators"))
    conn.execute(query("lock_accounts"), {"user_ids": list(user_ids)})
