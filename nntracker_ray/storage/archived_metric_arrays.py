"""The histograms and other arrays of metrics that an archive holds of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.lineage_queries import Stretch, as_parameters
from nntracker_ray.storage.sql_files import query


class ArchivedMetricArray(NamedTuple):
    """One array of a metric, without its numbers."""

    metric: str
    layer: str
    tensor: str
    epoch: int
    step: int
    dtype: str
    shape: tuple[int, ...]
    is_histogram: bool  # it has edges, one more than values
    time: datetime
    attempt: int


class StoredMetricArray(NamedTuple):
    """An array and where its numbers are."""

    run_no: int  # of the run that has found it
    array: ArchivedMetricArray


class Numbers(NamedTuple):
    """The numbers of an array."""

    data: bytes  # little-endian, C order
    edges: NDArray[np.float64] | None


def archived_metric_arrays(
    conn: Connection, stretches: Sequence[Stretch], *, before_epoch: int | None
) -> list[StoredMetricArray]:
    """Which arrays were found in stretches, by epoch; see `archived_history`."""
    values = {"own_no": stretches[-1].run_no, "before_epoch": before_epoch, **as_parameters(stretches)}
    rows = conn.execute(query("archived_metric_arrays"), values, binary=True)
    return [StoredMetricArray(row[0], _array(*row[1:])) for row in rows]


def _array(*row: Any) -> ArchivedMetricArray:
    found = ArchivedMetricArray(*row)
    return found._replace(shape=tuple(found.shape))


def archived_numbers(
    conn: Connection, arrays: Sequence[StoredMetricArray]
) -> dict[StoredMetricArray, Numbers]:
    """The numbers of some of them."""
    return {
        one: numbers
        for run_no in dict.fromkeys(one.run_no for one in arrays)
        for one, numbers in _of_run(conn, run_no, [one for one in arrays if one.run_no == run_no]).items()
    }


def _of_run(
    conn: Connection, run_no: int, arrays: Sequence[StoredMetricArray]
) -> dict[StoredMetricArray, Numbers]:
    by_place = {one.array[:5]: one for one in arrays}
    columns = zip(*by_place, strict=True)
    names = ("metrics", "layers", "tensors", "epochs", "steps")
    wanted = {name: list(column) for name, column in zip(names, columns, strict=True)}
    rows = numpy_cursor(conn).execute(query("archived_metric_array_data"), {"run_no": run_no, **wanted})
    return {by_place[tuple(place)]: Numbers(data, edges) for *place, data, edges in rows}
