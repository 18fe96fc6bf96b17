"""Writing columns into one file of NPY parts (see `parts`), within the limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.parts import ALIGNMENT, Part, WrittenColumn, check_number_dtype
from nntracker_ray.errors import DatasetError, UnsafeFileError


@dataclass(slots=True)
class ColumnWriter:
    """Writes columns into one file; refuses what the limits forbid."""

    file: BinaryIO
    limits: Limits
    columns: list[WrittenColumn] = field(default_factory=list)
    notes: list[str] = field(
        default_factory=list
    )  # what was decided for the user: "left out column 'Unnamed: 0'"
    _names: set[str] = field(default_factory=set)

    def add_numbers(self, name: str, values: NDArray[Any]) -> None:
        """One column of booleans, integers or floats up to 64 bits; `values` (n, ...) or ()."""
        check_number_dtype(name, values.dtype)
        self._check_name(name)
        data = little_endian(values)
        part = self._write(
            data.dtype, data.shape, [data.reshape(-1).view(np.uint8).data] if data.size else []
        )
        self.columns.append(WrittenColumn(name, False, (part,)))

    def add_blocks(
        self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], blocks: Iterable[bytes]
    ) -> None:
        """As `add_numbers`, from the raw bytes of a C-ordered little-endian array."""
        check_number_dtype(name, dtype)
        self._check_name(name)
        part = self._write(dtype, shape, blocks)
        self.columns.append(WrittenColumn(name, False, (part,)))

    def add_text(self, name: str, codes: NDArray[Any], categories: Sequence[str]) -> None:
        """One column of text; `codes` (n,) are places in `categories` (sorted, distinct), -1 missing."""
        self._check_name(name)
        encoded = [self._encode(name, text) for text in categories]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        content = np.frombuffer(b"".join(encoded), np.uint8)
        arrays = (np.asarray(codes, np.int32), offsets, content)
        parts = tuple(self._write(each.dtype, each.shape, [each.tobytes()]) for each in arrays)
        self.columns.append(WrittenColumn(name, True, parts))

    def _check_name(self, name: str) -> None:
        check_name(name, self.limits)
        if name in self._names:
            raise DatasetError(f"the name {name!r} occurs twice; give every column its own")
        if len(self.columns) >= self.limits.columns:
            raise UnsafeFileError(f"more than {self.limits.columns:,} columns; leave some out")
        self._names.add(name)

    def _encode(self, name: str, text: str) -> bytes:
        try:
            encoded = text.encode()
        except UnicodeEncodeError as error:
            raise DatasetError(f"column {name!r} holds text that is not Unicode: {text[:40]!r}") from error
        if len(encoded) > self.limits.cell_bytes:
            raise UnsafeFileError(
                f"column {name!r} holds a text of {len(encoded):,} bytes; allowed are {self.limits.cell_bytes:,}"
            )
        return encoded

    def _write(self, dtype: np.dtype[Any], shape: tuple[int, ...], blocks: Iterable[Any]) -> Part:
        size = math.prod(shape) * dtype.itemsize
        self.file.write(b"\0" * (-self.file.tell() % ALIGNMENT))
        offset = self.file.tell()
        if offset + size > self.limits.result_bytes:
            raise UnsafeFileError(
                f"the arrays need more than {self.limits.result_bytes:,} bytes once unpacked; use a smaller dataset"
            )
        npy.write_array_header_1_0(
            self.file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )
        for block in blocks:
            self.file.write(block)
        return Part(offset, self.file.tell() - offset)


def little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """The array C-ordered and little-endian, copied only when it must be."""
    ordered = np.asarray(array, order="C")
    return ordered.astype(ordered.dtype.newbyteorder("<"), copy=False)


def check_name(name: str, limits: Limits) -> None:
    """Raises: DatasetError: No name, a too long one, or one with control characters."""
    if not name.strip():
        raise DatasetError("a column has no name; give every column one")
    if len(name) > limits.name_chars:
        raise UnsafeFileError(f"a name of {len(name):,} characters; allowed are {limits.name_chars}")
    if not name.isprintable():
        raise DatasetError(f"the name {name!r} holds control characters; allowed are printable ones")
