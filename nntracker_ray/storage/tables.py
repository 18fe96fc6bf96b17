"""Answers as columns: what pandas, NumPy and Arrow take without copying row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Columns: TypeAlias = dict[str, list[Any] | NDArray[Any]]


def columns_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
    """Rows turned into named lists."""
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def lines_of(columns: Columns) -> list[dict[str, Any]]:
    """Columns turned into one mapping for each line."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def repeated(values: Sequence[Any], counts: Sequence[int]) -> NDArray[Any]:
    """Each value as often as its count, as Python objects that share memory."""
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return np.repeat(objects, counts)


def joined(arrays: Sequence[NDArray[Any]], dtype: str) -> NDArray[Any]:
    """One array after the other; an empty one of the dtype if there are none."""
    return np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype, copy=False)
