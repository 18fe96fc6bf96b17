"""How long trainings like one that is planned have taken."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def pace_of_like_runs(
    conn: Connection, *, viewer_id: UUID, model_digest: str, train_digest: str, batch_size: int
) -> float | None:
    """Seconds that an epoch took, the median over the viewer's runs of the same model, data and batch size.

    Returns: None when there are no such runs.
    """
    values = {"viewer_id": viewer_id, "model_digest": model_digest, "train_digest": train_digest}
    row = conn.execute(query("pace_of_like_runs"), {**values, "batch_size": batch_size}).fetchone()
    return None if row is None or row[0] is None else float(row[0])
