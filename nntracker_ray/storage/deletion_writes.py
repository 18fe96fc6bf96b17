"""Removing runs with everything the database holds of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.errors import ConflictError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def delete_runs(conn: Connection, run_nos: Sequence[int], *, by: str) -> None:
    """Delete locked runs, and experiments that are left empty. A tombstone of each stays until its files are gone.

    Runs that went on from one of these keep what they inherited. Deleting what is gone already changes nothing.
    """
    heirless, parents = _by_heirs(conn, run_nos)
    _delete(conn, heirless, by)
    # The youngest first: its own children then inherit from its parent, whose turn comes after.
    for run_no in sorted(parents, reverse=True):
        _keep_history_of_children(conn, run_no)
        _delete(conn, [run_no], by)


def _by_heirs(conn: Connection, run_nos: Sequence[int]) -> tuple[list[int], list[int]]:
    parents = {run_no for (run_no,) in conn.execute(query("runs_with_heirs"), {"run_nos": list(run_nos)})}
    return [run_no for run_no in run_nos if run_no not in parents], sorted(parents)


def _keep_history_of_children(conn: Connection, run_no: int) -> None:
    from nntracker_ray.storage.lineage_writes import keep_history_of_children

    keep_history_of_children(conn, run_no)


def _delete(conn: Connection, run_nos: Sequence[int], by: str) -> None:
    if not run_nos:
        return
    values = {"run_nos": list(run_nos)}
    experiments = [row[0] for row in conn.execute(query("lock_experiments_of_runs"), values)]
    # By hand: the rule ON DELETE CASCADE asks every chunk of a hypertable for every single run.
    for table in ("delete_weights", "delete_metric_arrays", "delete_metrics", "delete_runs"):
        conn.execute(query(table), {**values, "by": by} if table == "delete_runs" else values)
    conn.execute(query("delete_empty_experiments"), {"experiment_ids": experiments})


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files of a run that was deleted."""

    run_id: UUID
    name: str
    location: str | None  # where copies are, beside the data folder and NNTRACKER_SHARED


def leftovers(conn: Connection, run_ids: Sequence[UUID] | None = None) -> list[Leftovers]:
    """What may still be there of deleted runs, the oldest deletion first.

    Args:
        run_ids: Only of these; None: of all.
    """
    values = {"run_ids": None if run_ids is None else list(run_ids)}
    return [Leftovers(*row) for row in conn.execute(query("deleted_runs_with_files"), values)]


def lock_leftovers(conn: Connection, run_id: UUID) -> Leftovers | None:
    """What is still to be removed of a deleted run, for the caller alone until the end of the transaction.

    None when its files are gone, or somebody else is removing them.
    """
    row = conn.execute(query("lock_deleted_run"), {"run_id": run_id}).fetchone()
    return Leftovers(*row[:3]) if row else None


def require_no_leftovers(conn: Connection, run_ids: Sequence[UUID]) -> None:
    """A run that comes back under the id of a deleted one must not go on from the old one's checkpoint.

    Raises: ConflictError: Files of one of these are still being removed.
    """
    if left := leftovers(conn, run_ids):
        raise ConflictError(
            f"{left[0].name!r} was deleted, and its files are still being removed; submit again in a moment "
            "(a running platform removes them, and says in its log what hinders it)"
        )


def note_files_removed(conn: Connection, run_ids: Sequence[UUID]) -> None:
    """Say that no file of these deleted runs is left."""
    conn.execute(query("note_files_removed"), {"run_ids": list(run_ids)})
