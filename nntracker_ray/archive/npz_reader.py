"""Arrays out of an NPZ that anybody may have made: only those expected, of the kind and shape expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.archive.checked_zip import ArchiveLimits, checked_members, opened_zip
from nntracker_ray.archive.zip_directory import damage_told
from nntracker_ray.errors import BadInputError, StorageError
from nntracker_ray.storage.arrays import dtype_of

_MOST_HEADER_CHARS = 10_000
_MOST_ITEM_BYTES = 16

Expected = Mapping[
    str, tuple[str, tuple[int, ...] | None]
]  # name -> dtype, shape; None for any of one dimension


def npz_arrays(
    file: IO[bytes], expected: Expected, *, where: str, limits: ArchiveLimits
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every expected array, in the order expected.

    Args:
        expected: What it must hold, all of it and nothing else.
        where: What to call the file in messages.
    Raises: BadInputError: It holds something else.
    """
    with opened_zip(file, limits) as npz:
        infos = checked_members(npz, limits)
        if infos.keys() != {f"{name}.npy" for name in expected}:
            raise BadInputError(f"{where} does not hold the arrays that its index names")
        for name, (dtype_name, shape) in expected.items():
            info = infos[f"{name}.npy"]
            if info.file_size > limits.array_bytes:
                raise BadInputError(
                    f"{where} has an array of {info.file_size:,} bytes; {limits.array_bytes:,} is allowed"
                )
            with damage_told(npz.open, info) as part:
                yield name, _array(part, info.file_size, dtype_name, shape, where)


def known_dtype(name: str) -> np.dtype[Any]:
    """The dtype of plain numbers of this name. Raises: BadInputError: There is none."""
    try:
        dtype = dtype_of(name)
        is_plain = (
            not dtype.hasobject and dtype.name == name and dtype.kind in "biufcV" and dtype.fields is None
        )
    except (StorageError, TypeError, ValueError):
        raise BadInputError(f"the archive has an array of dtype {name[:40]!r}, which is none") from None
    if not is_plain or not 0 < dtype.itemsize <= _MOST_ITEM_BYTES or name.startswith("void"):
        raise BadInputError(f"the archive has an array of dtype {name[:40]!r}; only numbers can be captured")
    return dtype


def _array(
    part: IO[bytes], size: int, dtype_name: str, shape: tuple[int, ...] | None, where: str
) -> NDArray[Any]:
    dtype = known_dtype(dtype_name)
    stored = dtype if dtype.isbuiltin == 1 or dtype.kind in "biufc" else np.dtype(f"<u{dtype.itemsize}")
    found_shape, found = _header(part, where)
    if (
        found != stored
        or (shape is not None and found_shape != shape)
        or (shape is None and len(found_shape) != 1)
    ):
        raise BadInputError(f"{where} holds {found_shape} {found}, where its index says {shape} {dtype_name}")
    count = math.prod(found_shape) * dtype.itemsize
    if count > size:
        raise BadInputError(f"{where} holds less than its arrays' headers say")
    data = damage_told(part.read, count + 1)
    if len(data) != count:
        raise BadInputError(f"{where} does not hold what its arrays' headers say")
    return np.frombuffer(data, dtype).reshape(found_shape)


def _header(part: IO[bytes], where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy.read_magic(part)
        shape, fortran, dtype = npy.read_array_header_1_0(part, max_header_size=_MOST_HEADER_CHARS)
    except Exception as error:
        raise BadInputError(f"{where} has a damaged array: {error!r:.200}") from error
    if (
        version != (1, 0)
        or (fortran and len(shape) > 1)
        or dtype.hasobject
        or any(size < 0 for size in shape)
    ):
        raise BadInputError(f"{where} has an array that NNTracker does not write")
    return tuple(shape), dtype
