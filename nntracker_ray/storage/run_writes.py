"""What comes into the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from numpy.typing import NDArray

from nntracker_ray.errors import ConflictError
from nntracker_ray.records import JsonValue, RunSpec, RunState, to_json
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.deadlocks import despite_deadlocks
from nntracker_ray.storage.deletion_writes import require_no_leftovers
from nntracker_ray.storage.run_locks import lock_runs
from nntracker_ray.storage.share_writes import within_queue_limit
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.state_writes import set_states

INSERTIONS = 3  # the experiment may be deleted between two statements, but hardly each time


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
    Raises:
        ConflictError: More of the owner's runs would wait than may; nothing is queued.
        ConflictError: One of the runs was deleted just now, and its files are still being removed.
    """
    limit = config.get("max_concurrent") if isinstance(config, dict) else None
    values = {"experiment_id": experiment_id, "owner_id": owner_id, "name": name, "max_concurrent": limit}
    experiment = {**values, "config": json_values.dumps(config)}
    despite_deadlocks(conn, lambda: _submit(conn, experiment, runs, folds or {}))


def _submit(
    conn: Connection,
    experiment: Mapping[str, Any],
    runs: Sequence[RunSpec],
    folds: Mapping[int, tuple[NDArray[Any], NDArray[Any]]],
) -> None:
    _ensure_experiment(conn, experiment)
    require_no_leftovers(conn, [spec.run_id for spec in runs])
    with within_queue_limit(conn, owner_id=experiment["owner_id"]):
        with conn.cursor() as cursor:
            cursor.executemany(query("insert_run"), [_run_values(spec) for spec in runs])
        _queue_failed_again(conn, [spec.run_id for spec in runs])
    for fold, (train, held_out) in folds.items():
        rows = {"train": train.tolist(), "held_out": held_out.tolist()}
        conn.execute(
            query("insert_fold"), {"experiment_id": experiment["experiment_id"], "fold": fold, **rows}
        )


def _ensure_experiment(conn: Connection, experiment: Mapping[str, Any]) -> None:
    """Insert it or lock it: nobody deletes an experiment, left empty, before its runs are in."""
    for _ in range(INSERTIONS):
        conn.execute(query("insert_experiment"), experiment)
        known = {name: experiment[name] for name in ("experiment_id", "owner_id")}
        if conn.execute(query("lock_experiment"), known).rowcount:
            return
    raise ConflictError(
        "this experiment belongs to another account now; change its name or seed to begin anew"
    )


def _queue_failed_again(conn: Connection, run_ids: Sequence[UUID]) -> None:
    failed = conn.execute(query("failed_runs"), {"run_ids": list(run_ids)}).fetchall()
    runs = lock_runs(conn, [run_no for (run_no,) in failed])
    run_nos = [run.run_no for run in runs if run.state is RunState.FAILED]
    if run_nos:
        set_states(conn, run_nos, RunState.QUEUED, by="owner", why="submitted again")


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
