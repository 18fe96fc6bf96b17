"""What a run manager says of leases whose trainer cannot speak any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, WITHOUT_TRAINER
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.run_locks import LockedRun, lock_run, lock_runs
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.state_writes import MANAGER, change_state, leave_without_trainer
from nntracker_ray.storage.visible import no_such_run


@dataclass(frozen=True, slots=True)
class Bereft:
    """Runs whose trainers are gone, by what that makes of them; those that were to pause are in neither list."""

    queued: list[UUID]  # again
    stopped: list[UUID]  # as was asked for; a last capture is still to be taken from their checkpoints


def requeue_orphans(conn: Connection, *, silent_for_s: float) -> Bereft:
    """Queue runs again whose trainer has not been heard of for so long.

    Of the silent ones, those asked to pause become paused and those asked to stop become stopped: both have happened.
    """
    runs = _lock_found(conn, "silent_runs", {"silent_for_s": silent_for_s})
    return _leave(conn, runs, f"its trainer was silent for {silent_for_s:g} s")


def requeue_leases(conn: Connection, *, manager_id: UUID, why: str) -> Bereft:
    """Queue again everything that is leased to this manager.

    Only for a manager that knows that the trainers are gone: after its own restart, or after it ended them.
    Of these runs, those asked to pause become paused and those asked to stop become stopped.
    """
    return _leave(conn, _lock_found(conn, "own_leases", {"manager_id": manager_id}), why)


def report_lost_worker(conn: Connection, *, run_id: UUID, attempt: int, error: str, allowed: int) -> RunState:
    """Queue a run again whose worker died, or fail it when that happened too often. Returns its state.

    Nothing changes when the attempt had ended already, or a newer one exists.

    Args:
        error: What is known of the death; kept in the history for ever.
        allowed: So many workers may die in a row; only those count that finished no epoch of the run, and since a
            person last queued it.
    Raises: NotFoundError: No such run.
    """
    run = lock_run(conn, run_id)
    if run is None:
        raise no_such_run(run_id)
    if attempt != run.attempt or run.state not in AT_WORK:
        return run.state
    lost = 1 + _lost_before(conn, run.run_no)
    state = WITHOUT_TRAINER[run.state]
    if state is RunState.QUEUED and lost >= allowed:
        state = RunState.FAILED
    why = f"its worker died, {lost} of {allowed} in a row"
    return change_state(conn, run_id=run_id, state=state, by=MANAGER, why=why, attempt=attempt, error=error)


def _lock_found(conn: Connection, name: str, values: Mapping[str, Any]) -> list[LockedRun]:
    """Lock the runs that a statement finds, and keep those that it still finds then."""
    runs = lock_runs(conn, [run_no for (run_no,) in conn.execute(query(name), values).fetchall()])
    found = {run_no for (run_no,) in conn.execute(query(name), values)} if runs else set()
    return [run for run in runs if run.run_no in found]


def _leave(conn: Connection, runs: Sequence[LockedRun], why: str) -> Bereft:
    leave_without_trainer(conn, runs, why=why)
    return Bereft(_becoming(RunState.QUEUED, runs), _becoming(RunState.STOPPED, runs))


def _becoming(state: RunState, left: Sequence[LockedRun]) -> list[UUID]:
    return [run.run_id for run in left if WITHOUT_TRAINER[run.state] is state]


def _lost_before(conn: Connection, run_no: int) -> int:
    row = conn.execute(query("lost_workers"), {"run_no": run_no}).fetchone()
    return row[0] if row else 0
