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
    locked = _lock(conn, [row[0]], to_delete=row[1]) if row else []
    return locked[0] if locked else None


def lock_runs(conn: Connection, run_nos: Sequence[int], *, to_delete: bool = False) -> list[LockedRun]:
    """Lock runs, in order of their numbers; those that are gone are left out.

    Args:
        to_delete: Lock them firmly enough to delete them.
    """
    return _lock(conn, run_nos, to_delete=to_delete or _is_any_doomed(conn, run_nos))


def lock_experiments(conn: Connection, run_nos: Sequence[int]) -> None:
    """Lock the experiments of runs. Always before the runs: two transactions must not wait for each other."""
    conn.execute(query("lock_experiments_of_runs"), {"run_nos": list(run_nos)})


def _is_any_doomed(conn: Connection, run_nos: Sequence[int]) -> bool:
    """Whether somebody waits for the deletion of one of them: whoever ends the work on it then deletes it.

    A lock made firmer later would wait for a writer that waits for us.
    """
    return conn.execute(query("doomed_runs"), {"run_nos": list(run_nos)}).fetchone() is not None


def _lock(conn: Connection, run_nos: Sequence[int], *, to_delete: bool) -> list[LockedRun]:
    values = {"run_nos": list(run_nos)}
    if to_delete:
        lock_experiments(conn, run_nos)
        conn.execute(query("lock_doomed_runs"), values)
    rows = conn.execute(query("lock_runs"), values).fetchall()
    return [
        LockedRun(run_no, run_id, name, RunState(state), attempt, hold, silent_for_s)
        for run_no, run_id, name, state, attempt, hold, silent_for_s in rows
    ]
