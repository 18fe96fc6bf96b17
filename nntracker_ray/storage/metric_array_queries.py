"""Histograms and other arrays that looks inside a network have found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.arrays import dtype_of, numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.extremes import evenly_spaced
from nntracker_ray.storage.lineage_queries import Stretch, lineage
from nntracker_ray.storage.sql_files import query

MOST_ARRAYS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class StoredArray:
    """What one look has found."""

    epoch: int  # 0-based
    step: int
    measured_at: datetime  # UTC
    values: NDArray[Any]  # counts of a histogram, (bins,); else any shape
    edges: NDArray[np.float64] | None  # of a histogram, (bins + 1,)
    inherited: bool  # found before the fork, by an ancestor


@dataclass(frozen=True, slots=True, eq=False)
class StoredArrays:
    """Arrays of one series, by step."""

    points: int  # there are, of those that were asked for; more than `arrays`: these are evenly spaced ones
    arrays: tuple[StoredArray, ...]


def metric_arrays(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_id: UUID,
    metric: str,
    layer: str = "",
    tensor: str = "",
    after_step: int = -1,
    most: int = MOST_ARRAYS,
) -> StoredArrays:
    """The arrays of one series.

    Args:
        after_step: Only of later steps: what a live chart lacks.
        most: Of more, evenly spaced ones are given, the first and last among them; `points` tells.
    Raises: NotFoundError: No such run, or not the viewer's; or it has no such series at all.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    series = {"metric": metric, "layer": layer, "tensor": tensor}
    found = [
        (stretch, *place) for stretch in stretches for place in _steps(conn, stretch, series, after_step)
    ]
    if not found and not any(_steps(conn, stretch, series, -1) for stretch in stretches):
        raise NotFoundError(
            f"run {run_id} has no array {metric!r} of tensor {tensor!r} of a layer {layer!r}; "
            "/introspection lists those that there are"
        )
    chosen = evenly_spaced(found, count=most)
    of_stretches = [_arrays(conn, stretch, series, chosen) for stretch in stretches]
    return StoredArrays(len(found), tuple(array for arrays in of_stretches for array in arrays))


_Place = tuple[Stretch, int, int]  # whose, epoch, step


def _steps(
    conn: Connection, stretch: Stretch, series: dict[str, str], after_step: int
) -> list[tuple[int, int]]:
    values = {**series, "run_no": stretch.run_no, "up_to_step": stretch.up_to_step, "after_step": after_step}
    return conn.execute(query("metric_array_steps"), values).fetchall()


def _arrays(
    conn: Connection, stretch: Stretch, series: dict[str, str], chosen: list[_Place]
) -> list[StoredArray]:
    places = [(epoch, step) for one, epoch, step in chosen if one is stretch]
    wanted = {"epochs": [epoch for epoch, _ in places], "steps": [step for _, step in places]}
    rows = numpy_cursor(conn).execute(query("metric_arrays"), {**series, **wanted, "run_no": stretch.run_no})
    return [
        StoredArray(
            *(epoch, step, time),
            np.frombuffer(data, dtype_of(dtype)).reshape(tuple(shape)),
            edges,
            epoch < stretch.inherited_epochs,
        )
        for epoch, step, time, dtype, shape, data, edges in rows
    ]
