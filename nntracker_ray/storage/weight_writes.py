"""Captures into the table: every array as its own little-endian bytes, whatever its dtype."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.records import Batch, Capture, WeightArray, little_endian
from nntracker_ray.storage.binary_copy import int4_array_field, microseconds, text_field
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.merging import Target, copy_or_merge

COLUMNS = (
    *("run_no", "layer_name", "tensor", "epoch", "part", "layer_index", "dtype", "shape"),
    *("step", "time", "attempt", "data"),
)
TARGET = Target("weight_arrays", COLUMNS, merge="merge_weight_arrays")
# PostgreSQL holds 1 GB in a field, and a dump in text doubles it; a multiple of every item size.
PART_BYTES = 256 * 1024 * 1024
_NUMBERS = struct.Struct(">iqiqii")  # step, time, attempt, each after its length


class Captured(NamedTuple):
    """An array, whose it is, and what decides between two of the same place."""

    run_no: int
    attempt: int
    capture: Capture
    array: WeightArray

    @property
    def rank(self) -> tuple[int, int]:
        """The greater wins: the later attempt, within one the later capture."""
        return self.attempt, microseconds(self.capture.measured_at)


_Key = tuple[int, str, str, int]


def write_weights(connection: Connection, batches: Sequence[Batch], *, part_bytes: int = PART_BYTES) -> None:
    """Merge every array of every Capture of the batches into `weight_arrays`."""
    newest = _newest_by_key(batches)
    if newest:
        copy_or_merge(
            connection, TARGET, lambda: (row for one in newest.values() for row in _packed(one, part_bytes))
        )


def _newest_by_key(batches: Sequence[Batch]) -> dict[_Key, Captured]:
    newest: dict[_Key, Captured] = {}
    for batch in batches:
        for capture in batch.records:
            if isinstance(capture, Capture):
                for array in capture.arrays:
                    one = Captured(batch.run_no, batch.attempt, capture, array)
                    key = (batch.run_no, array.layer_name, array.tensor, capture.epoch)
                    if one.rank >= newest.setdefault(key, one).rank:
                        newest[key] = one
    return newest


def _packed(one: Captured, part_bytes: int) -> Iterator[bytes]:
    data = array_bytes(one.array.array).data
    for part, start in enumerate(range(0, max(len(data), 1), part_bytes)):
        piece = data[start : start + part_bytes]
        yield b"".join([_before_data(one, part), struct.pack(">i", len(piece)), piece])


def array_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Its bytes, little-endian and in C order: a view where it lies like that already."""
    return little_endian(np.atleast_1d(array)).reshape(-1).view(np.uint8)


def _before_data(one: Captured, part: int) -> bytes:
    array, capture = one.array, one.capture
    return b"".join(
        [
            struct.pack(">hii", len(COLUMNS), 4, one.run_no),
            text_field(array.layer_name),
            text_field(array.tensor),
            struct.pack(">iiiiii", 4, capture.epoch, 4, part, 4, array.layer_index),
            text_field(array.array.dtype.name),
            int4_array_field(array.array.shape),
            _NUMBERS.pack(8, capture.step, 8, microseconds(capture.measured_at), 4, one.attempt),
        ]
    )
