"""One cheap pass over a CSV file that finds what would exhaust its parser: too many columns, rows, too long cells."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError, UnsafeFileError

_BLOCK_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a CSV file."""

    names: tuple[str, ...]
    delimiter: str


def read_header(source: BinaryIO, limits: Limits) -> Header:
    """The column names; the delimiter is the most frequent of `,` `;` tab `|` in the first row.

    Raises: UnsafeFileError: Too many columns or too long a row. DatasetError: Not UTF-8, unnamed or doubled
        columns, or a first row that looks like data.
    """
    line = _first_line(source, limits)
    delimiter = max(_DELIMITERS, key=line.count)
    if line.count(delimiter) >= limits.columns:
        raise UnsafeFileError(
            f"{line.count(delimiter) + 1:,} columns or more; allowed are {limits.columns:,}"
        )
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise DatasetError(f"the header row cannot be read: {error}") from error
    _check_names(names)
    return Header(tuple(names), delimiter)


def check_body(source: BinaryIO, header: Header, limits: Limits) -> None:
    """Every cell within `cell_bytes`, rows x columns within `cells`, no NUL bytes.

    Raises: UnsafeFileError, DatasetError.
    """
    scan = _Scan(ord(header.delimiter), limits, len(header.names))
    source.seek(0)
    while block := source.read(_BLOCK_BYTES):
        scan.feed(np.frombuffer(block, np.uint8))
    source.seek(0)


@dataclass(slots=True)
class _Scan:
    delimiter: int
    limits: Limits
    columns: int
    position: int = 0  # bytes seen
    last_border: int = 0  # where the current cell began
    rows: int = 0
    is_quoted: bool = False  # inside quotes at the end of the last block

    def feed(self, block: NDArray[np.uint8]) -> None:
        if not block.all():
            raise DatasetError(
                f"a NUL byte at byte {self.position + int(np.argmin(block))}; save the file as UTF-8 text"
            )
        outside = self._outside_quotes(block)
        newlines = (block == _NEWLINE) & outside
        borders = np.flatnonzero(((block == self.delimiter) | (block == _RETURN)) & outside | newlines)
        self._check_cells(borders + self.position, block.size)
        self.rows += int(newlines.sum())
        self.position += block.size
        if self.rows * self.columns > self.limits.cells:
            raise UnsafeFileError(
                f"more than {self.limits.cells:,} cells ({self.columns:,} columns); use a smaller table or NPZ"
            )

    def _outside_quotes(self, block: NDArray[np.uint8]) -> NDArray[Any]:
        quotes = block == _QUOTE
        if not quotes.any():
            return np.full(block.size, not self.is_quoted)
        parity = (np.cumsum(quotes) + self.is_quoted) % 2
        self.is_quoted = bool(parity[-1])
        outside: NDArray[Any] = parity == 0
        return outside

    def _check_cells(self, borders: NDArray[Any], size: int) -> None:
        edges = np.concatenate(([self.last_border], borders, [self.position + size]))
        longest = int(np.argmax(np.diff(edges)))
        if edges[longest + 1] - edges[longest] > self.limits.cell_bytes:
            raise UnsafeFileError(
                f"the cell at byte {int(edges[longest])} is longer than {self.limits.cell_bytes:,} bytes "
                "(a quote that is never closed?)"
            )
        self.last_border = int(edges[-2])


def _first_line(source: BinaryIO, limits: Limits) -> str:
    source.seek(0)
    head = source.read(limits.header_bytes).removeprefix(_BOM).lstrip(b"\r\n")
    line = head.replace(b"\r", b"\n").split(b"\n", 1)[0]
    if len(line) == len(head) == limits.header_bytes:
        raise UnsafeFileError(
            f"the first row is longer than {limits.header_bytes:,} bytes; is this a CSV table?"
        )
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"the header row is not UTF-8 (byte {error.start}); save the file as UTF-8"
        ) from error


def _check_names(names: list[str]) -> None:
    stripped = [name.strip() for name in names]
    if not any(stripped):
        raise DatasetError("the first row names no columns; a CSV file needs a header row with names")
    double = (
        next((name for name in stripped if stripped.count(name) > 1), None)
        if _has_doubles(stripped)
        else None
    )
    if (
        stripped
        and all(_is_number(name) for name in stripped)
        and (double or not all(map(str.isdigit, stripped)))
    ):
        raise DatasetError(
            f"the first row holds only numbers ({', '.join(stripped[:5])}); a CSV file needs a header row with names"
        )
    if double:
        raise DatasetError(f"two columns are called {double!r}; give every column its own name")
    unnamed = next((place for place, name in enumerate(stripped) if not name and place), None)
    if unnamed is not None:
        raise DatasetError(f"column {unnamed + 1} has no name in the header row; give every column one")


def _has_doubles(names: list[str]) -> bool:
    return len(set(names)) != len(names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
