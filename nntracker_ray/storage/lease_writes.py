"""What a run manager says of leases whose trainer cannot speak any more."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.run_writes import ACTIVE, AFTER_SILENCE, MANAGER, change_state
from nntracker_ray.storage.sql_files import query


def requeue_leases(conn: Connection, *, manager_id: UUID, why: str) -> list[UUID]:
    """Queue again everything that is leased to this manager. Returns the runs queued.

    Only for a manager that knows that the trainers are gone: after its own restart, or after it ended them.
    Of these runs, those asked to pause become paused and those asked to stop become stopped.
    """
    queued = []
    for run_id, was in conn.execute(query("own_leases"), {"manager_id": manager_id}).fetchall():
        state = AFTER_SILENCE[RunState(was)]
        change_state(conn, run_id=run_id, state=state, by=MANAGER, why=why)
        if state is RunState.QUEUED:
            queued.append(run_id)
    return queued


def report_lost_worker(conn: Connection, *, run_id: UUID, attempt: int, error: str, allowed: int) -> RunState:
    """Queue a run again whose worker died, or fail it when that happened too often. Returns its state.

    Nothing changes when the attempt had ended already, or a newer one exists.

    Args:
        error: What is known of the death; kept in the history for ever.
        allowed: So many workers may die in a row; only those count that finished no epoch of the run.
    Raises: NotFoundError: No such run.
    """
    row = conn.execute(query("lock_run"), {"run_id": run_id}).fetchone()
    if row is None:
        raise NotFoundError(f"no run {run_id}")
    run_no, now, newest = row[0], RunState(row[1]), row[2]
    if attempt != newest or now not in ACTIVE:
        return now
    lost = 1 + _lost_before(conn, run_no)
    state = AFTER_SILENCE[now]
    if state is RunState.QUEUED and lost >= allowed:
        state = RunState.FAILED
    why = f"its worker died, {lost} of {allowed} in a row"
    change_state(conn, run_id=run_id, state=state, by=MANAGER, why=why, attempt=attempt, error=error)
    return state


def _lost_before(conn: Connection, run_no: int) -> int:
    row = conn.execute(query("lost_workers"), {"run_no": run_no}).fetchone()
    return row[0] if row else 0
