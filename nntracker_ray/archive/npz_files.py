"""Arrays as NPZ files that every NumPy reads, and indexes with a line for each of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.archive.zip_stream import Writing
from nntracker_ray.storage.arrays import dtype_of

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # nothing of an NPZ may depend on when it was written

NamedArray: TypeAlias = tuple[str, NDArray[Any]]


class Line(Protocol):
    """A named tuple that has a time."""

    @property
    def time(self) -> datetime:
        """UTC."""

    def _asdict(self) -> dict[str, Any]: ...


def readable(data: bytes, dtype_name: str, shape: Sequence[int]) -> NDArray[Any]:
    """The numbers as every NumPy reads them; kinds that it has no name for (bfloat16) as unsigned integers."""
    dtype = dtype_of(dtype_name)
    if dtype.isbuiltin == 1 or dtype.kind in "biufc":
        return np.frombuffer(data, dtype).reshape(tuple(shape))
    return np.frombuffer(data, f"<u{dtype.itemsize}").reshape(tuple(shape))


def npz_of(arrays: Callable[[], Iterable[NamedArray]]) -> Writing:
    """An NPZ; each array is asked for when its turn comes."""

    def write(file: IO[bytes]) -> Iterator[None]:
        with zipfile.ZipFile(file, "w") as npz:
            for name, array in arrays():
                info = zipfile.ZipInfo(f"{name}.npy", _DATE)
                with npz.open(info, "w", force_zip64=True) as part:
                    npy.write_array(part, array, version=(1, 0), allow_pickle=False)
                yield

    return write


def index_of(lines: Sequence[Line]) -> Writing:
    """A JSON object a line."""

    def write(file: IO[bytes]) -> Iterator[None]:
        for line in lines:
            text = {**line._asdict(), "time": line.time.isoformat()}
            file.write(json.dumps(text).encode() + b"\n")
            yield

    return write
