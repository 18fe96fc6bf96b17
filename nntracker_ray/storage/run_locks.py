"""Runs locked for a change: they stay as they are read until the end of the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class LockedRun:
    """Where a run stands."""

    run_no: int
    run_id: UUID
    name: str
    state: RunState
    attempt: int  # the newest
    hold: str | None  # why a paused run will go on by itself
    silent_for_s: float  # seconds since its trainer was heard of; 0 when none is at work


def lock_run(conn: Connection, run_id: UUID) -> LockedRun | None:
    """Lock one run. None: there is none."""
    row = conn.execute(query("run_to_lock"), {"run_id": run_id}).fetchone()
    if row is None:
        return None
    run_no, is_doomed = row
    # A run that goes once its trainer has left is locked as firmly as its deletion needs: a lock made firmer later
    # would wait for a writer that waits for us.
    locked = lock_runs(conn, [run_no], to_delete=is_doomed)
    return locked[0] if locked else None


def lock_runs(conn: Connection, run_nos: Sequence[int], *, to_delete: bool = False) -> list[LockedRun]:
    """Lock runs, in order of their numbers; those that are gone are left out.

    Args:
        to_delete: Lock them firmly enough to delete them, and their experiments before them, as submission does.
    """
    values = {"run_nos": list(run_nos)}
    if to_delete:
        conn.execute(query("lock_experiments_of_runs"), values)
        conn.execute(query("lock_doomed_runs"), values)
    rows = conn.execute(query("lock_runs"), values).fetchall()
    return [
        LockedRun(run_no, run_id, name, RunState(state), attempt, hold, silent_for_s)
        for run_no, run_id, name, state, attempt, hold, silent_for_s in rows
    ]
