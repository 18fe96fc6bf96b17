"""The one place that decides whether something is a person's to see."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def owned_run_no(conn: Connection, *, owner_id: UUID, run_id: UUID) -> int:
    """The number of the owner's run. Raises: NotFoundError: No such run, or somebody else's: the same to the caller."""
    row = conn.execute(query("owned_run"), {"owner_id": owner_id, "run_id": run_id}).fetchone()
    if row is None:
        raise no_such_run(run_id)
    return int(row[0])


def no_such_run(run_id: UUID) -> NotFoundError:
    """The error for a run that is not there or not the caller's."""
    return NotFoundError(f"no run {run_id}")


def require_experiment(conn: Connection, *, owner_id: UUID, experiment_id: UUID) -> None:
    """Raises: NotFoundError: No such experiment, or somebody else's."""
    values = {"owner_id": owner_id, "experiment_id": experiment_id}
    if conn.execute(query("owned_experiment"), values).fetchone() is None:
        raise NotFoundError(f"no experiment {experiment_id}")
