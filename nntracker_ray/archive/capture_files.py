"""Captured arrays as NPZ files, one for each epoch, and the index that says what they are."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.archive.layout import capture_name
from nntracker_ray.archive.zip_stream import NewMember
from nntracker_ray.storage.archive_queries import CapturedArray
from nntracker_ray.storage.arrays import dtype_of

INDEX: Final = "captures.jsonl"
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # nothing of an NPZ may depend on when it was written


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
        yield NewMember(place(capture_name(epoch)), _npz(list(arrays), read))
    if stored:
        yield NewMember(place(INDEX), _index([one.array for one in stored]))


def array_name(array: CapturedArray) -> str:
    """What the array is called in its NPZ: `dense_4/kernel`."""
    return f"{array.layer_name}/{array.tensor}"


def readable(data: bytes, array: CapturedArray) -> NDArray[Any]:
    """The numbers as every NumPy reads them; kinds that it has no name for (bfloat16) as unsigned integers."""
    dtype = dtype_of(array.dtype)
    if dtype.isbuiltin == 1 or dtype.kind in "biufc":
        return np.frombuffer(data, dtype).reshape(array.shape)
    return np.frombuffer(data, f"<u{dtype.itemsize}").reshape(array.shape)


def _npz(arrays: Sequence[StoredArray], read: ReadBytes) -> Callable[[IO[bytes]], Iterator[None]]:
    def write(file: IO[bytes]) -> Iterator[None]:
        with zipfile.ZipFile(file, "w") as npz:
            for one in arrays:
                info = zipfile.ZipInfo(f"{array_name(one.array)}.npy", _DATE)
                with npz.open(info, "w", force_zip64=True) as part:
                    npy.write_array(part, readable(read(one), one.array), version=(1, 0), allow_pickle=False)
                yield

    return write


def _index(arrays: Sequence[CapturedArray]) -> Callable[[IO[bytes]], Iterator[None]]:
    def write(file: IO[bytes]) -> Iterator[None]:
        for array in arrays:
            line = {**array._asdict(), "time": array.time.isoformat()}
            file.write(json.dumps(line).encode() + b"\n")
            yield

    return write
