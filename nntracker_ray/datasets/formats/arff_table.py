"""ARFF (Weka), dense or sparse, by liac-arff."""

from __future__ import annotations

import io
import re
from itertools import islice
from typing import Any, BinaryIO

import arff

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.python_lists import add_list, add_texts
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError, UnsafeFileError

_ATTRIBUTE = re.compile(rb"\s*@attribute\b", re.IGNORECASE)
_NUMERIC = ("NUMERIC", "REAL", "INTEGER")
_ROWS_AT_ONCE = 10_000


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:
    """Every attribute as a column; nominal and string attributes as text, `?` missing."""
    _check_size(source, limits)
    text = io.TextIOWrapper(source, encoding="utf-8", errors="strict", newline=None)
    try:
        table = arff.load(text, encode_nominal=False, return_type=arff.DENSE_GEN)
        columns: list[list[Any]] = [[] for _ in table["attributes"]]
        rows = iter(table["data"])
        while block := list(islice(rows, _ROWS_AT_ONCE)):
            for column, cells in zip(columns, zip(*block, strict=True), strict=True):
                column.extend(cells)
    except (arff.ArffException, ValueError, IndexError, KeyError, TypeError) as error:
        raise DatasetError(f"the ARFF cannot be read: {error}") from error
    finally:
        text.detach()
    for (name, kind), values in zip(table["attributes"], columns, strict=True):
        _add(name, kind, values, writer)


def specimen() -> bytes:
    """A small good file."""
    return b"@relation r\n@attribute a numeric\n@attribute 'b c' {x, y}\n@data\n1,x\n?,'y'\n{0 2.5, 1 x}\n"


def _add(name: str, kind: str | list[str], values: list[Any], writer: ColumnWriter) -> None:
    if not isinstance(kind, str) or kind.upper() not in _NUMERIC:
        # A sparse row leaves out zeros; for a nominal attribute that is its first declared value.
        zero = kind[0] if isinstance(kind, list) and kind else "0"
        add_texts(
            name, [zero if value == 0 and not isinstance(value, str) else value for value in values], writer
        )
    elif all(value is None or float(value).is_integer() for value in values) and kind.upper() == "INTEGER":
        add_list(name, [None if value is None else int(value) for value in values], writer)
    else:
        add_list(name, [None if value is None else float(value) for value in values], writer)


def _check_size(source: BinaryIO, limits: Limits) -> None:
    """Attributes times rows is what a sparse file of a few megabytes can blow up to."""
    attributes = rows = read_bytes = 0
    while line := source.readline(limits.header_bytes + 1):
        read_bytes += len(line)
        if len(line) > limits.header_bytes or read_bytes > limits.parsed_text_bytes:
            raise UnsafeFileError(
                f"an ARFF line of more than {limits.header_bytes:,} bytes, or a file of more than "
                f"{limits.parsed_text_bytes:,}; save the table as NPZ or CSV"
            )
        if b"\0" in line:
            raise DatasetError(
                "the ARFF holds NUL bytes; it is damaged or in another encoding: save it as UTF-8"
            )
        attributes += bool(_ATTRIBUTE.match(line))
        rows += 1
    if attributes > limits.columns or attributes * rows > limits.cells // 4:
        raise UnsafeFileError(
            f"an ARFF table of {attributes:,} attributes and up to {rows:,} rows; allowed are {limits.columns:,} "
            f"attributes and {limits.cells // 4:,} cells: save it as NPZ"
        )
    source.seek(0)
