"""Metric points into the table: packed, deduplicated, merged."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from nntracker_ray.records import Batch, MetricPoint
from nntracker_ray.storage.binary_copy import microseconds, storable, text_field
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.merging import Target, copy_or_merge
from nntracker_ray.storage.sql_files import query

COLUMNS = ("run_no", "metric", "layer", "tensor", "epoch", "step", "value", "time", "attempt")
TARGET = Target("metrics", COLUMNS, merge="merge_metrics")
_NUMBERS = struct.Struct(">iiiqidiqii")  # epoch, step, value, time, attempt, each after its length


class Measured(NamedTuple):
    """A point, whose it is, and what decides between two of the same place."""

    run_no: int
    attempt: int
    point: MetricPoint

    @property
    def rank(self) -> tuple[int, int]:
        """The greater wins: the later attempt, within one the later measurement."""
        return self.attempt, microseconds(self.point.measured_at)


_Key = tuple[int, str, str, str, int, int]


def write_metrics(connection: Connection, batches: Sequence[Batch]) -> None:
    """Merge every MetricPoint of the batches into `metrics`, and the newest into `run_last_metrics`."""
    newest = _newest_by_key(batches)
    if newest:
        copy_or_merge(connection, TARGET, lambda: map(_packed, newest.values()))
        _write_last(connection, newest.values())


def _newest_by_key(batches: Sequence[Batch]) -> dict[_Key, Measured]:
    """One point for each place in the table: INSERT ... ON CONFLICT refuses two of the same in one statement."""
    newest: dict[_Key, Measured] = {}
    for batch in batches:
        run_no, attempt = batch.run_no, batch.attempt
        for point in batch.records:
            if type(point) is MetricPoint:
                key = (run_no, point.metric, point.layer, point.tensor, point.epoch, point.step)
                one = Measured(run_no, attempt, point)
                other = newest.setdefault(key, one)
                if other is not one and one.rank > other.rank:
                    newest[key] = one
    return newest


def _packed(one: Measured) -> bytes:
    point = one.point
    return _names(one.run_no, point.metric, point.layer, point.tensor) + _NUMBERS.pack(
        4, point.epoch, 8, point.step, 8, point.value, 8, microseconds(point.measured_at), 4, one.attempt
    )


@lru_cache(maxsize=4096)
def _names(run_no: int, metric: str, layer: str, tensor: str) -> bytes:
    """The part of a row that is the same for all points of a metric."""
    fields = struct.pack(">hii", len(COLUMNS), 4, run_no)
    return fields + text_field(metric) + text_field(layer) + text_field(tensor)


def _write_last(connection: Connection, measured: Iterable[Measured]) -> None:
    last: dict[tuple[int, str], Measured] = {}
    for one in measured:
        if not one.point.layer and not one.point.tensor:
            other = last.setdefault((one.run_no, one.point.metric), one)
            if _place(one) > _place(other):
                last[one.run_no, one.point.metric] = one
    rows = [last[key] for key in sorted(last)]
    connection.execute(
        query("merge_last_metrics"),
        {
            "run_nos": [one.run_no for one in rows],
            "metrics": [storable(one.point.metric) for one in rows],
            "epochs": [one.point.epoch for one in rows],
            "steps": [one.point.step for one in rows],
            "values": [float(one.point.value) for one in rows],
            "times": [one.point.measured_at for one in rows],
            "attempts": [one.attempt for one in rows],
        },
        binary=True,
    )


def _place(one: Measured) -> tuple[int, int, int, int]:
    return one.point.epoch, one.point.step, *one.rank
