"""NPZ: a zip of NPY files. Headers are judged before any data are read; objects are never loaded."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.archive import open_archive
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.parts import check_number_dtype
from nntracker_ray.errors import DatasetError, UnsafeFileError

_SUFFIX = ".npy"
_BLOCK_BYTES = 1 << 20
_MAX_HEADER_CHARS = 10_000
_MAX_DIMENSIONS = 32
_TEXT_KINDS = "SU"
_READ_HEADER = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:
    """Every array of the archive, in its order."""
    with open_archive(source, limits) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(_SUFFIX):
                raise DatasetError(f"{member.filename!r} in the NPZ is no array; allowed are .npy files only")
            try:
                with archive.open(member) as file:
                    _read_array(file, member.filename.removesuffix(_SUFFIX), writer, limits)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                raise DatasetError(
                    f"{member.filename!r} in the NPZ is damaged or cut short: {error}"
                ) from error


def specimen() -> bytes:
    """A small good file."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        x=np.zeros((2, 2), ">f4"),
        y=np.array(["a", "b"]),
        b=np.array([b"a"]),
        z=np.asfortranarray(np.eye(2)),
    )
    return file.getvalue()


def _read_array(file: IO[bytes], name: str, writer: ColumnWriter, limits: Limits) -> None:
    shape, fortran, dtype = _read_header(file, name)
    size = math.prod(shape) * dtype.itemsize
    if size > limits.result_bytes:
        raise UnsafeFileError(
            f"array {name!r} says it is {shape} {dtype}, {size:,} bytes; allowed are {limits.result_bytes:,}"
        )
    if dtype.kind in _TEXT_KINDS:
        _add_text(_whole(file, name, dtype, shape, size), name, writer)
    elif (fortran and len(shape) > 1) or dtype.byteorder == ">":
        flat = np.frombuffer(_exactly(file, name, size), dtype)
        writer.add_numbers(name, flat.reshape(shape, order="F" if fortran else "C"))
    else:
        writer.add_blocks(name, dtype, shape, _blocks(file, name, size))
    if file.read(1):
        raise DatasetError(
            f"array {name!r} is followed by more data than its header says; save the NPZ again"
        )


def _read_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = npy.read_magic(file)
        if version not in _READ_HEADER:
            raise DatasetError(f"array {name!r} is in NPY version {version}; allowed are 1.0 and 2.0")
        shape, fortran, dtype = _READ_HEADER[version](file, max_header_size=_MAX_HEADER_CHARS)
    except (ValueError, TypeError, SyntaxError, RecursionError) as error:
        raise DatasetError(
            f"array {name!r} is no NPY data (a disguised or damaged file?): {error}"
        ) from error
    if dtype.kind not in _TEXT_KINDS:
        check_number_dtype(name, dtype)
    if len(shape) > _MAX_DIMENSIONS or any(size < 0 for size in shape):
        raise DatasetError(
            f"array {name!r} says its shape is {shape}; allowed are up to {_MAX_DIMENSIONS} sizes >= 0"
        )
    return shape, fortran, dtype


def _blocks(file: IO[bytes], name: str, size: int) -> Iterator[bytes]:
    left = size
    while left:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            raise DatasetError(
                f"array {name!r} ends {left:,} bytes before its header says; the file is cut short"
            )
        left -= len(block)
        yield block


def _exactly(file: IO[bytes], name: str, size: int) -> bytes:
    return b"".join(_blocks(file, name, size))


def _whole(
    file: IO[bytes], name: str, dtype: np.dtype[Any], shape: tuple[int, ...], size: int
) -> NDArray[Any]:
    if len(shape) != 1:
        raise DatasetError(
            f"array {name!r} holds text in the shape {shape}; allowed is one text a row, shape (n,)"
        )
    if not dtype.itemsize:
        return np.full(shape, "", "U1")
    return np.frombuffer(_exactly(file, name, size), dtype)


def _add_text(values: NDArray[Any], name: str, writer: ColumnWriter) -> None:
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"array {name!r} holds bytes that are not UTF-8; store text as Unicode"
            ) from error
    categories, codes = np.unique(values, return_inverse=True)
    writer.add_text(name, codes.astype(np.int32), [str(text) for text in categories])
