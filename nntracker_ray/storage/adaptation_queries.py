"""Changes of what governs a training, as they were made."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, columns_of
from nntracker_ray.storage.visible import visible_run_no

_COLUMNS = ("parameter", "epoch", "step", "old", "new", "cause", "time", "attempt")


def adaptations(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> Columns:
    """Every effective change of a run, one row each, by step; those that a fork inherited come first.

    A change that a later attempt went back behind and did not make again is left out: it is not part of the
    training that goes on.

    Returns: parameter ("learning_rate"), epoch (0-based, the first one with the new value), step (updates made
        before the change), old, new, cause, time (UTC), attempt.
    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    rows = conn.execute(query("adaptations"), {"run_no": run_no}, binary=True).fetchall()
    return columns_of(_COLUMNS, rows)
