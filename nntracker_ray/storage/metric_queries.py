"""Curves: the measured numbers of runs over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.extremes import extreme_places
from nntracker_ray.storage.lineage_queries import lineage
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, joined, repeated

POINT_COLUMNS = {"epoch": "int32", "step": "int64", "value": "float64", "time": "datetime64[us]"}


def learning_curves(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_ids: Sequence[UUID],
    metrics: Sequence[str] | None = None,
    after_epoch: int = -1,
) -> Columns:
    """The metrics of whole runs (not those of layers), in drawing order: by run, metric, epoch, step.

    Args:
        run_ids: Those that are not there or not the viewer's add nothing.
        metrics: Only these; None for all.
        after_epoch: Only points of later epochs: what a live chart lacks.
    Returns: run_id, metric, epoch (0-based), step, value (the metric's own unit), time (datetime64[us], UTC),
        inherited (bool: measured before the fork, by the run's parent or another ancestor).
    """
    values = {"viewer_id": viewer_id, "run_ids": list(run_ids), "after_epoch": after_epoch}
    values["metrics"] = None if metrics is None else list(metrics)
    rows = numpy_cursor(conn).execute(query("learning_curves"), values).fetchall()
    inherited_epochs = [row[2] for row in rows]
    return _points(("run_id", "metric"), [(*row[:2], *row[3:]) for row in rows], inherited_epochs)


def layer_curves(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_id: UUID,
    metrics: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    tensors: Sequence[str] | None = None,
    after_epoch: int = -1,
    after_step: int = -1,
) -> Columns:
    """What was measured inside one run, by metric, layer, tensor, epoch, step.

    Metrics of a step as a whole ("gradients/noise_scale") have "" as layer and tensor.

    Args:
        metrics: Only these; None: all. So for layers and tensors.
        after_epoch: Only points of later epochs.
        after_step: Only points of later steps: what a live chart lacks.
    Returns: metric, layer, tensor, epoch (0-based), step, value, time (datetime64[us], UTC), inherited (bool).
    Raises: NotFoundError: No such run, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    values: dict[str, Any] = {"after_epoch": after_epoch, "after_step": after_step}
    for name, wanted in (("metrics", metrics), ("layers", layers), ("tensors", tensors)):
        values[name] = None if wanted is None else list(wanted)
    cursor, rows = numpy_cursor(conn), []
    for stretch in stretches:
        place = {"run_no": stretch.run_no, "up_to_step": stretch.up_to_step}
        rows += cursor.execute(query("layer_curves"), {**values, **place}).fetchall()
    # Stable: within a series the oldest ancestor's points stay first.
    rows.sort(key=lambda row: row[:3])
    return _points(("metric", "layer", "tensor"), rows, [stretches[-1].inherited_epochs] * len(rows))


def thinned_curves(columns: Columns, max_points: int) -> Columns:
    """The columns of `layer_curves` with at most so many points of each series, its extremes among them.

    Returns: the same columns, and `points`: how many the series has.
    """
    begins = _begins_of_series(columns)
    lengths = np.diff(np.append(begins, len(columns["value"])))
    values = np.split(np.asarray(columns["value"]), begins[1:])
    kept = [extreme_places(of_series, max_points) for of_series in values]
    places = np.repeat(begins, [len(one) for one in kept]) + joined(kept, "int64")
    thinned: Columns = {name: np.asarray(column)[places] for name, column in columns.items()}
    return thinned | {"points": np.repeat(lengths, [len(one) for one in kept])}


def _begins_of_series(columns: Columns) -> NDArray[np.int64]:
    """Where the first point of each series stands; 0 also of no points."""
    names = [np.asarray(columns[name], object) for name in ("metric", "layer", "tensor")]
    is_new = np.any([column[1:] != column[:-1] for column in names], axis=0)
    return np.append(0, np.flatnonzero(is_new) + 1)


def _points(
    names: tuple[str, ...], rows: Sequence[Sequence[Any]], inherited_epochs: Sequence[int]
) -> Columns:
    """Rows of (names..., an array for each of POINT_COLUMNS) drawn out to one line per point.

    Args:
        inherited_epochs: For each row: points of earlier epochs are marked as inherited.
    """
    counts = [len(row[-1]) for row in rows]
    columns: Columns = {
        name: repeated([row[place] for row in rows], counts) for place, name in enumerate(names)
    }
    for place, (name, dtype) in enumerate(POINT_COLUMNS.items(), start=len(names)):
        columns[name] = joined([row[place] for row in rows], dtype)
    columns["inherited"] = np.asarray(columns["epoch"]) < np.repeat(
        np.asarray(inherited_epochs, np.int64), counts
    )
    return columns
