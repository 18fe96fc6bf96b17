"""How the columns of a table become numbers; learned once, on the training set, and used for every other set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.parts import TextValues
from nntracker_ray.errors import DatasetError

MOST_CATEGORIES = 100  # of a one-hot encoded column; each becomes a feature
ALL_TEXT = "*"
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which columns are features, in which order, and what stands for which text."""

    columns: tuple[str, ...] = ()  # source columns of a table in order; empty for arrays
    categories: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # one-hot column -> its values in order
    classes: tuple[str, ...] | None = None  # text labels in the order of their index; None for numeric labels


def learned_categories(name: str, values: NDArray[Any] | TextValues) -> tuple[str, ...]:
    """The distinct values of a column in sorted order (numbers by size), as text.

    Raises: DatasetError: More than `MOST_CATEGORIES`, or floats.
    """
    if isinstance(values, TextValues):
        found = values.categories
    elif values.dtype.kind in "biu" and values.ndim == 1:
        found = tuple(str(value) for value in np.unique(values.astype(np.int64)).tolist())
    else:
        raise DatasetError(
            f"column {name!r} holds {values.dtype} and cannot be one-hot encoded; allowed: text, integers"
        )
    if len(found) > MOST_CATEGORIES:
        raise DatasetError(
            f"column {name!r} has {len(found):,} distinct values; at most {MOST_CATEGORIES} can be one-hot encoded: "
            "leave the column out, or group its values"
        )
    return found


def places(name: str, values: NDArray[Any] | TextValues, known: tuple[str, ...]) -> NDArray[np.int64]:
    """Every row's place among the known values, (n,).

    Raises: DatasetError: A value that is not among them, naming row and value.
    """
    if not isinstance(values, TextValues):
        if values.dtype.kind == "f":
            raise DatasetError(
                f"column {name!r} holds {values.dtype}, but in the training set text or integers"
            )
        distinct, codes = np.unique(values.astype(np.int64), return_inverse=True)
        values = TextValues(codes.astype(np.int32), tuple(str(value) for value in distinct.tolist()))
    refuse_missing_text(name, values)
    place = {value: index for index, value in enumerate(known)}
    table = np.array([place.get(value, -1) for value in values.categories], np.int64)
    found = table[values.codes] if len(table) else np.zeros(0, np.int64)
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        shown = ", ".join(map(repr, known[:10])) + (" ..." if len(known) > 10 else "")
        raise DatasetError(
            f"column {name!r}, row {row}: {values.categories[values.codes[row]]!r} does not occur in the training set, "
            f"which has {shown}"
        )
    return found


def one_hot(found: NDArray[np.int64], width: int) -> NDArray[np.float32]:
    """(n,) places -> (n, width) of 0 and 1."""
    encoded = np.zeros((len(found), width), np.float32)
    encoded[np.arange(len(found)), found] = 1.0
    return encoded


def refuse_missing_text(name: str, values: TextValues) -> None:
    """Raises: DatasetError: Naming the first row without a value, and how many there are."""
    missing = values.codes < 0
    if missing.any():
        raise DatasetError(
            f"column {name!r}, row {int(np.argmax(missing))}: no value ({int(missing.sum()):,} such rows); "
            "fill the cells or leave the rows out"
        )


def refuse_non_finite(what: str, values: NDArray[Any], *, nan_is: str = "NaN") -> None:
    """Raises: DatasetError: Naming the first row with NaN or infinity, and its value."""
    if values.dtype.kind != "f":
        return
    rows_at_once = max(1, (1 << 22) // max(1, values[:1].size))
    for start in range(0, len(values), rows_at_once):
        finite = np.isfinite(values[start : start + rows_at_once])
        if finite.all():
            continue
        place = np.unravel_index(int(np.argmin(finite)), finite.shape)
        value = values[start : start + rows_at_once][place]
        cell = f", cell {tuple(int(i) for i in place[1:])}" if len(place) > 1 else ""
        shown = nan_is if np.isnan(value) else str(value)
        raise DatasetError(f"{what}, row {start + int(place[0])}{cell}: {shown}; remove or fill such values")


def as_float32(what: str, values: NDArray[Any]) -> NDArray[np.float32]:
    """The values rounded to the nearest float32 (24 bits of precision: integers beyond 16,777,216 lose digits).

    Raises: DatasetError: A value beyond the range of float32, about 3.4e38.
    """
    if values.dtype == np.float64 and values.size and np.abs(values).max() > _FLOAT32_MAX:
        row = int(np.argmax(np.abs(values.reshape(len(values), -1)).max(axis=1)))
        raise DatasetError(f"{what}, row {row}: beyond the range of float32 (3.4e38); scale the column")
    return values.astype(np.float32)
