"""The one place that decides whether something is a person's to see."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def visible_run_no(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> int:
    """A run's number. Raises: NotFoundError: No such run, or not the viewer's to see: the same to the caller."""
    row = conn.execute(query("visible_run"), {"viewer_id": viewer_id, "run_id": run_id}).fetchone()
    if row is None:
        raise no_such_run(run_id)
    return int(row[0])


def no_such_run(run_id: UUID) -> NotFoundError:
    """The error for a run that is not there or not the caller's."""
    return NotFoundError(f"no run {run_id}")


def require_experiment(conn: Connection, *, viewer_id: UUID, experiment_id: UUID) -> None:
    """Raises: NotFoundError: No such experiment, or not the viewer's to see."""
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id}
    if conn.execute(query("visible_experiment"), values).fetchone() is None:
        raise NotFoundError(f"no experiment {experiment_id}")
