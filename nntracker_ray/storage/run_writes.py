"""The queue and the states of runs: the part of the truth that Ray must not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from numpy.typing import NDArray

from nntracker_ray.errors import ConflictError, NotFoundError, StaleAttemptError
from nntracker_ray.records import JsonValue, Lease, RunSpec, RunState, from_json, to_json
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

ACTIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.PAUSING, RunState.STOPPING})
MANAGER = "run-manager"
# What becomes of a run whose trainer is gone. One that was asked to end has ended.
AFTER_SILENCE = {
    RunState.STARTING: RunState.QUEUED,
    RunState.RUNNING: RunState.QUEUED,
    RunState.PAUSING: RunState.PAUSED,
    RunState.STOPPING: RunState.STOPPED,
}


def submit_experiment(
    conn: Connection,
    *,
    owner_id: UUID,
    experiment_id: UUID,
    name: str,
    config: JsonValue,
    runs: Sequence[RunSpec],
    folds: Mapping[int, tuple[NDArray[Any], NDArray[Any]]] | None = None,
) -> None:
    """Queue an experiment. Submitted again, it adds the runs that are missing and queues the failed ones anew.

    Args:
        config: The experiment as submitted, plain JSON values; `max_concurrent` in it limits the runs at work at once.
        folds: Fold -> (row numbers trained on, row numbers held out) in the original training set.
    """
    limit = config.get("max_concurrent") if isinstance(config, dict) else None
    values = {"experiment_id": experiment_id, "owner_id": owner_id, "name": name, "max_concurrent": limit}
    conn.execute(query("insert_experiment"), {**values, "config": json_values.dumps(config)})
    with conn.cursor() as cursor:
        cursor.executemany(query("insert_run"), [_run_values(spec) for spec in runs])
    for fold, (train, held_out) in (folds or {}).items():
        rows = {"train": train.tolist(), "held_out": held_out.tolist()}
        conn.execute(query("insert_fold"), {"experiment_id": experiment_id, "fold": fold, **rows})
    _queue_failed_again(conn, [spec.run_id for spec in runs])


def claim_next_run(conn: Connection, *, manager_id: UUID, free_cpu: float, free_gpu: float) -> Lease | None:
    """Lease the next queued run that fits: oldest experiment first, in grid order. None if there is none.

    Args:
        free_cpu: Cores that are free.
        free_gpu: GPUs that are free, fractions allowed.
    """
    # One claim at a time, or two at once could each take the last place under max_concurrent.
    conn.execute(query("lock_claims"))
    found = conn.execute(query("next_run"), {"free_cpu": free_cpu, "free_gpu": free_gpu}).fetchone()
    if found is None:
        return None
    row = conn.execute(query("start_attempt"), {"run_id": found[0], "manager_id": manager_id}).fetchone()
    if row is None:
        return None
    return Lease(run_no=row[0], run_id=found[0], attempt=row[1], spec=from_json(RunSpec, row[2]))


def change_state(
    conn: Connection,
    *,
    run_id: UUID,
    state: RunState,
    by: str,
    why: str = "",
    attempt: int | None = None,
    error: str | None = None,
) -> None:
    """Note that a run has reached a state. Saying again what is already so changes nothing.

    Args:
        by: Who: a person's name, "run-manager", "trainer".
        attempt: The trainer's attempt; None when it is not a trainer who speaks.
        error: Message and traceback of a failure; kept in the history for ever.
    Raises:
        NotFoundError: No such run.
        StaleAttemptError: `attempt` is not the run's newest.
        ConflictError: The run has ended in another state. A failed or stopped run may be queued again, though.
    """
    row = conn.execute(query("lock_run"), {"run_id": run_id}).fetchone()
    if row is None:
        raise NotFoundError(f"no run {run_id}")
    run_no, now, newest = row[0], RunState(row[1]), row[2]
    if attempt is not None and attempt != newest:
        raise StaleAttemptError(
            f"attempt {attempt} of run {run_id} says {state}, but attempt {newest} has taken over"
        )
    # A trainer that saw the connection break cannot know whether it was heard, and says it again.
    if now == state and (now.is_final or error is None):
        return
    if now.is_final and not (state is RunState.QUEUED and now is not RunState.FINISHED):
        raise ConflictError(f"run {run_id} is {now} already; it cannot become {state}")
    _set_state(conn, run_no=run_no, state=state, by=by, why=why, error=error)


def heartbeat(conn: Connection, *, run_no: int, attempt: int) -> bool:
    """Say that the trainer of this attempt lives. False: a newer attempt exists, or the run no longer does; stop."""
    return conn.execute(query("heartbeat"), {"run_no": run_no, "attempt": attempt}).fetchone() is not None


def requeue_orphans(conn: Connection, *, silent_for_s: float) -> list[UUID]:
    """Queue runs again whose trainer has not been heard of for so long. Returns those queued.

    Of the silent ones, those asked to pause become paused and those asked to stop become stopped: both have happened.
    """
    queued = []
    for run_id, was in conn.execute(query("silent_runs"), {"silent_for_s": silent_for_s}).fetchall():
        state = AFTER_SILENCE[RunState(was)]
        change_state(
            conn, run_id=run_id, state=state, by=MANAGER, why=f"its trainer was silent for {silent_for_s:g} s"
        )
        if state is RunState.QUEUED:
            queued.append(run_id)
    return queued


def _queue_failed_again(conn: Connection, run_ids: Sequence[UUID]) -> None:
    for (run_id,) in conn.execute(query("failed_runs"), {"run_ids": list(run_ids)}).fetchall():
        change_state(conn, run_id=run_id, state=RunState.QUEUED, by="owner", why="submitted again")


def _set_state(
    conn: Connection, *, run_no: int, state: RunState, by: str, why: str, error: str | None
) -> None:
    values = {"run_no": run_no, "state": state.value, "by": by, "why": why, "error": error}
    conn.execute(query("set_run_state"), {**values, "is_final": state.is_final, "is_active": state in ACTIVE})


def _run_values(spec: RunSpec) -> dict[str, Any]:
    return {
        "run_id": spec.run_id,
        "experiment_id": spec.experiment_id,
        "name": spec.name,
        "position": spec.position,
        "configuration_index": spec.configuration_index,
        "fold": spec.fold,
        "spec": to_json(spec),
        "cpu": spec.resources.cpu,
        "gpu": spec.resources.gpu,
        "total_epochs": spec.total_epochs,
        "priority": spec.priority,
        "tags": list(spec.tags),
    }
