"""Doing again what PostgreSQL has undone because two transactions waited for each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from psycopg.errors import DeadlockDetected
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from nntracker_ray.storage.connection import Connection

TRIES: Final = 5
T = TypeVar("T")


def despite_deadlocks(conn: Connection, work: Callable[[], T]) -> T:
    """Do some work in a savepoint, again if it was chosen as the victim of a deadlock. What it raises undoes it.

    Locks are taken in one order (experiments, then runs by number), but the heirs of a run that is deleted
    are found later than that.
    """
    tries = Retrying(
        retry=retry_if_exception_type(DeadlockDetected),
        stop=stop_after_attempt(TRIES),
        wait=wait_random(0, 0.1),
        reraise=True,
    )
    done: T = tries(_in_savepoint, conn, work)
    return done


def _in_savepoint(conn: Connection, work: Callable[[], T]) -> T:
    with conn.transaction():
        return work()
