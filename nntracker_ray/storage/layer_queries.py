"""What was observed inside a network: which series there are, and layers by epochs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.layer_order import layer_places, place_key
from nntracker_ray.storage.lineage_queries import as_parameters, lineage
from nntracker_ray.storage.sql_files import query


class SeriesKind(StrEnum):
    """What a series is made of."""

    SCALAR = "scalar"  # see `layer_curves` and `layer_heat`
    ARRAY = "array"  # see `metric_arrays`, as for histograms
    HISTOGRAM = "histogram"


class OfEpoch(StrEnum):
    """Which number stands for an epoch that was looked at several times."""

    LAST = "last"
    MIN = "min"  # NaN if any of them is, as for the other two
    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ObservedSeries:
    """One metric of one array or call of a layer, over the steps it was looked at."""

    metric: str  # "weights/mean"
    layer: str  # "" for a metric of the step as a whole
    tensor: str  # "kernel", ...; "" for a layer's first call
    kind: SeriesKind
    points: int  # looks that are recorded
    first_epoch: int  # 0-based, as `last_epoch`
    last_epoch: int
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True, eq=False)
class LayerHeat:
    """A metric of layers over epochs."""

    layers: tuple[str, ...]  # in the order of the model; a layer of several tensors stands there for each
    tensors: tuple[str, ...]  # of the same rows
    epochs: NDArray[np.int64]  # 0-based, ascending: those at which something was measured
    values: NDArray[
        np.float64
    ]  # (rows, epochs), the metric's own unit; NaN where it was, and where not measured
    measured: NDArray[np.bool_]  # the same shape


def observed_series(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> list[ObservedSeries]:
    """What there is of the inside of a run, by metric, then in the order of the model.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    rows = conn.execute(query("observed_series"), as_parameters(stretches)).fetchall()
    found = [
        ObservedSeries(metric, layer, tensor, SeriesKind(kind), *counts)
        for metric, layer, tensor, kind, *counts in rows
    ]
    places = layer_places(conn, stretches) if found else {}
    return sorted(found, key=lambda one: (one.metric, place_key(one.layer, places), one.tensor, one.kind))


def layer_heat(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_id: UUID,
    metric: str,
    tensor: str | None = None,
    of_epoch: OfEpoch = OfEpoch.LAST,
) -> LayerHeat:
    """One number for each layer and epoch.

    Args:
        tensor: Only of this one; None: a row for each.
    Returns: no rows where nothing of this metric is recorded.
    Raises: NotFoundError: No such run, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    values = {"metric": metric, "tensor": tensor, "of_epoch": str(of_epoch), **as_parameters(stretches)}
    rows = numpy_cursor(conn).execute(query("layer_heat"), values).fetchall()
    places = layer_places(conn, stretches) if rows else {}
    return _matrix(sorted(rows, key=lambda row: (place_key(row[0], places), row[1])))


def _matrix(rows: list[tuple[str, str, NDArray[np.int32], NDArray[np.float64]]]) -> LayerHeat:
    epochs = np.unique(np.concatenate([np.empty(0, np.int64), *(row[2] for row in rows)]))
    values = np.full((len(rows), len(epochs)), np.nan)
    measured = np.zeros(values.shape, bool)
    for place, (_, _, at, numbers) in enumerate(rows):
        columns = np.searchsorted(epochs, at)
        values[place, columns] = numbers
        measured[place, columns] = True
    return LayerHeat(tuple(row[0] for row in rows), tuple(row[1] for row in rows), epochs, values, measured)
