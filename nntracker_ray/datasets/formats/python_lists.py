"""Columns from lists of plain Python values, as JSON and ARFF give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.errors import DatasetError

_KINDS: dict[type, str] = {bool: "booleans", int: "numbers", float: "numbers", str: "text", list: "lists"}
_INT64 = range(-(2**63), 2**63)
_EXACT_FLOAT = 2**53


def add_list(name: str, values: Sequence[Any], writer: ColumnWriter) -> None:
    """One column; None is a missing cell. Numbers with missing cells become floats with NaN.

    Raises: DatasetError: Mixed kinds, lists of unequal shape, integers beyond 64 bits; the first row is named.
    """
    kind = _one_kind(name, values)
    if kind == "text":
        add_texts(name, values, writer)
    elif kind == "lists":
        writer.add_numbers(name, _stacked(name, values))
    else:
        writer.add_numbers(name, _numbers(name, values))


def add_texts(name: str, values: Sequence[str | None], writer: ColumnWriter) -> None:
    """One column of text, None missing."""
    categories = sorted({text for text in values if text is not None})
    place = {text: index for index, text in enumerate(categories)}
    codes = np.fromiter((-1 if text is None else place[text] for text in values), np.int32, len(values))
    writer.add_text(name, codes, categories)


def _one_kind(name: str, values: Sequence[Any]) -> str:
    found: dict[str, int] = {}
    for row, value in enumerate(values):
        if value is None:
            continue
        kind = _KINDS.get(type(value))
        if kind is None:
            raise DatasetError(
                f"column {name!r}, row {row}: {type(value).__name__} {str(value)[:60]!r}; "
                "allowed are numbers, booleans, text, null and lists of numbers"
            )
        found.setdefault(kind, row)
    if len(found) > 1:
        (first, row), (other, other_row) = list(found.items())[:2]
        raise DatasetError(
            f"column {name!r} mixes {first} (row {row}) and {other} (row {other_row}); make it one kind"
        )
    return next(iter(found), "numbers")


def _numbers(name: str, values: Sequence[Any]) -> NDArray[Any]:
    is_missing = None in values
    if not is_missing and all(isinstance(value, bool) for value in values):
        return np.array(values, bool) if values else np.empty(0)
    whole = not any(isinstance(value, float) for value in values)
    beyond = next((i for i, v in enumerate(values) if isinstance(v, int) and v not in _INT64), None)
    if beyond is not None:
        raise DatasetError(
            f"column {name!r}, row {beyond}: an integer beyond 64 bits; write it as a float or text"
        )
    if whole and not is_missing:
        return np.array(values, np.int64)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _stacked(name: str, values: Sequence[Any]) -> NDArray[Any]:
    missing = next((row for row, value in enumerate(values) if value is None), None)
    if missing is not None:
        raise DatasetError(f"column {name!r}, row {missing}: null among lists; fill it or leave the row out")
    first = _cell(name, 0, values[0])
    for row, value in enumerate(values):
        cell = _cell(name, row, value)
        if cell.shape != first.shape:
            raise DatasetError(
                f"column {name!r}, row {row}: shape {cell.shape}, but row 0 has {first.shape}; make all rows alike"
            )
    return np.array(values)


def _cell(name: str, row: int, value: Any) -> NDArray[Any]:
    try:
        cell = np.array(value)
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"column {name!r}, row {row}: lists of unequal length: {error}") from error
    if cell.dtype.kind not in "biuf":
        raise DatasetError(
            f"column {name!r}, row {row}: a list of {cell.dtype}; allowed are lists of numbers"
        )
    return cell
