"""Curves: the measured numbers of runs over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.owned import owned_run_no
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, joined, repeated

POINT_COLUMNS = {"epoch": "int32", "step": "int64", "value": "float64", "time": "datetime64[us]"}


def learning_curves(
    conn: Connection,
    *,
    owner_id: UUID,
    run_ids: Sequence[UUID],
    metrics: Sequence[str] | None = None,
    after_epoch: int = -1,
) -> Columns:
    """The metrics of whole runs (not those of layers), in drawing order: by run, metric, epoch, step.

    Args:
        run_ids: Those that are not there or not the owner's add nothing.
        metrics: Only these; None for all.
        after_epoch: Only points of later epochs: what a live chart lacks.
    Returns: run_id, metric, epoch (0-based), step, value (the metric's own unit), time (datetime64[us], UTC).
    """
    values = {"owner_id": owner_id, "run_ids": list(run_ids), "after_epoch": after_epoch}
    values["metrics"] = None if metrics is None else list(metrics)
    rows = numpy_cursor(conn).execute(query("learning_curves"), values).fetchall()
    return _points(("run_id", "metric"), rows)


def layer_curves(
    conn: Connection,
    *,
    owner_id: UUID,
    run_id: UUID,
    metrics: Sequence[str] | None = None,
    after_epoch: int = -1,
) -> Columns:
    """The layer metrics of one run, by metric, layer, tensor, epoch, step.

    Returns: metric, layer, tensor, epoch (0-based), step, value, time (datetime64[us], UTC).
    Raises: NotFoundError: No such run, or not the owner's.
    """
    run_no = owned_run_no(conn, owner_id=owner_id, run_id=run_id)
    values = {
        "run_no": run_no,
        "metrics": None if metrics is None else list(metrics),
        "after_epoch": after_epoch,
    }
    rows = numpy_cursor(conn).execute(query("layer_curves"), values).fetchall()
    return _points(("metric", "layer", "tensor"), rows)


def _points(names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Columns:
    """Rows of (names..., an array for each of POINT_COLUMNS) drawn out to one line per point."""
    counts = [len(row[-1]) for row in rows]
    columns: Columns = {
        name: repeated([row[place] for row in rows], counts) for place, name in enumerate(names)
    }
    for place, (name, dtype) in enumerate(POINT_COLUMNS.items(), start=len(names)):
        columns[name] = joined([row[place] for row in rows], dtype)
    return columns
