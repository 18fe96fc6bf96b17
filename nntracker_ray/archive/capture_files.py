"""Captured arrays as NPZ files, one for each epoch, and the index that says what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from nntracker_ray.archive.layout import capture_name
from nntracker_ray.archive.npz_files import NamedArray, index_of, npz_of, readable
from nntracker_ray.archive.zip_stream import NewMember
from nntracker_ray.storage.archive_queries import CapturedArray

INDEX: Final = "captures.jsonl"


@dataclass(frozen=True, slots=True)
class StoredArray:
    """A captured array and where its numbers are."""

    run_no: int  # of the run that has captured it
    array: CapturedArray


ReadBytes = Callable[[StoredArray], bytes]


def capture_members(
    stored: Sequence[StoredArray], *, place: Callable[[str], str], read: ReadBytes
) -> Iterator[NewMember]:
    """An NPZ for each epoch, then the index of all.

    Args:
        stored: In order of epochs.
        place: Path of a file of the run.
        read: Gives the numbers of one array: little-endian, C order.
    """
    for epoch, arrays in groupby(stored, key=lambda one: one.array.epoch):
        yield NewMember(place(capture_name(epoch)), npz_of(partial(_named, list(arrays), read)))
    if stored:
        yield NewMember(place(INDEX), index_of([one.array for one in stored]))


def _named(arrays: Sequence[StoredArray], read: ReadBytes) -> Iterator[NamedArray]:
    for one in arrays:
        yield array_name(one.array), readable(read(one), one.array.dtype, one.array.shape)


def array_name(array: CapturedArray) -> str:
    """What the array is called in its NPZ: `dense_4/kernel`."""
    return f"{array.layer_name}/{array.tensor}"
