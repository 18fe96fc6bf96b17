"""Arrays of metrics into the table: packed, deduplicated, merged."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from nntracker_ray.records import Batch, MetricArray
from nntracker_ray.storage.binary_copy import (
    NULL_FIELD,
    float8_array_field,
    int4_array_field,
    microseconds,
    text_field,
)
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.merging import Target, copy_or_merge
from nntracker_ray.storage.weight_writes import array_bytes

COLUMNS = (
    *("run_no", "metric", "layer", "tensor", "epoch", "step", "dtype", "shape", "data", "edges"),
    *("time", "attempt"),
)
TARGET = Target("metric_arrays", COLUMNS, merge="merge_metric_arrays")


class Looked(NamedTuple):
    """An array, whose it is, and what decides between two of the same place."""

    run_no: int
    attempt: int
    look: MetricArray

    @property
    def rank(self) -> tuple[int, int]:
        """The greater wins: the later attempt, within one the later look."""
        return self.attempt, microseconds(self.look.measured_at)


_Key = tuple[int, str, str, str, int, int]


def write_metric_arrays(connection: Connection, batches: Sequence[Batch]) -> None:
    """Merge every MetricArray of the batches into `metric_arrays`."""
    newest = _newest_by_key(batches)
    if newest:
        copy_or_merge(connection, TARGET, lambda: map(_packed, newest.values()))


def _newest_by_key(batches: Sequence[Batch]) -> dict[_Key, Looked]:
    newest: dict[_Key, Looked] = {}
    for batch in batches:
        for look in batch.records:
            if isinstance(look, MetricArray):
                one = Looked(batch.run_no, batch.attempt, look)
                key = (batch.run_no, look.metric, look.layer, look.tensor, look.epoch, look.step)
                if one.rank >= newest.setdefault(key, one).rank:
                    newest[key] = one
    return newest


def _packed(one: Looked) -> bytes:
    look = one.look
    data = array_bytes(look.values).tobytes()
    return b"".join(
        [
            struct.pack(">hii", len(COLUMNS), 4, one.run_no),
            *map(text_field, (look.metric, look.layer, look.tensor)),
            struct.pack(">iiiq", 4, look.epoch, 8, look.step),
            text_field(look.values.dtype.name),
            int4_array_field(look.values.shape),
            struct.pack(">i", len(data)),
            data,
            NULL_FIELD if look.edges is None else float8_array_field(look.edges),
            struct.pack(">iqii", 8, microseconds(look.measured_at), 4, one.attempt),
        ]
    )
