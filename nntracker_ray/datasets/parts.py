"""Columns written one after another into one file, each as NPY data, never pickled.

The confined reader writes the file and a report; the parent believes neither: `checked_part` reads each NPY
header again and compares dtype, shape and length before anything is mapped.

A column is one NPY part (numbers, first axis = rows), or three for text, in this order:
    codes    int32 (n,)   place in the sorted list of distinct values, -1 for a missing one
    offsets  int64 (k+1,) where each distinct value starts and ends in `bytes`
    bytes    uint8 (m,)   the distinct values in UTF-8
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.errors import DatasetError, UnsafeFileError

ALIGNMENT = 64  # bytes; NPY pads its header to the same, so mapped data are aligned too
NUMBER_KINDS = "biuf"
MAX_ITEM_BYTES = 8
_MAX_HEADER_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """Where one array lies in the file."""

    offset: int  # of the NPY magic, bytes from the start of the file
    length: int  # header and data, bytes


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column as its writer reports it."""

    name: str
    is_text: bool
    parts: tuple[Part, ...]  # one for numbers, three for text


def check_number_dtype(name: str, dtype: np.dtype[Any]) -> None:
    """Raises: UnsafeFileError: Object arrays. DatasetError: Anything but bool, int, uint, float up to 64 bits."""
    if dtype.hasobject:
        raise UnsafeFileError(
            f"{name!r} holds Python objects (dtype {dtype}), which could run code; store numbers or fixed-width text"
        )
    if dtype.kind not in NUMBER_KINDS or dtype.itemsize > MAX_ITEM_BYTES:
        raise DatasetError(
            f"{name!r} has dtype {dtype}; allowed are booleans, integers and floats of up to 64 bits, and text"
        )


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part whose header was read and found true."""

    offset: int  # of the data, bytes from the start of the file
    dtype: str  # "<f4"
    shape: tuple[int, ...]


def checked_part(file: BinaryIO, part: Part) -> CheckedPart:
    """The part's place, dtype and shape, from its own header.

    Raises: DatasetError: It reaches outside the file, is not NPY version 1, not C-ordered, not plain numbers,
        or its data are not as long as its header says.
    """
    end = os.fstat(file.fileno()).st_size
    if part.offset < 0 or part.length < 0 or part.offset % ALIGNMENT or part.offset + part.length > end:
        raise DatasetError(
            f"the reader's result is damaged: a part at {part.offset} lies outside {end} bytes"
        )
    dtype, shape = _read_header(file, part.offset)
    start = file.tell()
    if start + math.prod(shape) * dtype.itemsize != part.offset + part.length:
        raise DatasetError(
            f"the reader's result is damaged: {shape} {dtype} does not fill {part.length} bytes"
        )
    return CheckedPart(start, dtype.str, shape)


def _read_header(file: BinaryIO, offset: int) -> tuple[np.dtype[Any], tuple[int, ...]]:
    file.seek(offset)
    try:
        version = npy.read_magic(file)
        shape, fortran, dtype = npy.read_array_header_1_0(file, max_header_size=_MAX_HEADER_CHARS)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise DatasetError(f"the reader's result is damaged: no NPY header at {offset}") from error
    check_number_dtype("a part", dtype)
    if version != (1, 0) or (fortran and len(shape) > 1) or any(size < 0 for size in shape):
        raise DatasetError(f"the reader's result is damaged: unexpected NPY header at {offset}")
    return dtype, shape


def mapped(path: str | os.PathLike[str], part: CheckedPart) -> NDArray[Any]:
    """The part as a read-only array, mapped into memory: pages are loaded as they are touched."""
    if math.prod(part.shape) == 0:
        return np.empty(part.shape, part.dtype)
    return (
        np.memmap(path, np.dtype(part.dtype), "r", part.offset, part.shape or 1)
        .reshape(part.shape)
        .view(np.ndarray)
    )


def decoded(offsets: NDArray[Any], content: NDArray[Any]) -> tuple[str, ...]:
    """The distinct values of a text column. Raises: DatasetError: Offsets out of order, or not UTF-8."""
    bounds = offsets.tolist()
    if (
        offsets.dtype != np.int64
        or content.dtype != np.uint8
        or offsets.ndim != 1
        or content.ndim != 1
        or not bounds
    ):
        raise DatasetError("the reader's result is damaged: a text column has unexpected parts")
    if bounds[0] != 0 or bounds[-1] != content.size or (np.diff(offsets) < 0).any():
        raise DatasetError("the reader's result is damaged: text offsets are out of order")
    try:
        return tuple(_texts(content.tobytes(), bounds))
    except UnicodeDecodeError as error:
        raise DatasetError("the reader's result is damaged: text is not UTF-8") from error


def _texts(content: bytes, bounds: Sequence[int]) -> Iterator[str]:
    return (content[start:end].decode() for start, end in pairwise(bounds))


@dataclass(frozen=True, slots=True, eq=False)
class TextValues:
    """A text column: every row as a place in the sorted distinct values."""

    codes: NDArray[Any]  # int32 (n,), -1 for a missing value
    categories: tuple[str, ...]  # distinct, sorted


def text_values(path: str | os.PathLike[str], parts: Sequence[CheckedPart]) -> TextValues:
    """The text column in three parts. Raises: DatasetError: They do not belong together."""
    codes, offsets, content = (mapped(path, part) for part in parts)
    categories = decoded(offsets, content)
    if codes.dtype != np.int32 or codes.ndim != 1:
        raise DatasetError("the reader's result is damaged: text codes of an unexpected kind")
    if codes.size and (codes.min() < -1 or codes.max() >= len(categories)):
        raise DatasetError("the reader's result is damaged: a text code without its text")
    return TextValues(codes, categories)
