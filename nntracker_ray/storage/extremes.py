"""Fewer points that still show the truth: the least and greatest value of every stretch stay."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def extreme_places(values: NDArray[Any], max_points: int) -> NDArray[np.int64]:
    """Places, ascending, of at most `max_points` values that keep the extremes.

    The values are cut into equal stretches; of each the least and the greatest stay, and its first NaN if it has one.

    Args:
        values: Shape (n,), any dtype that can be compared.
        max_points: At least 2 to keep anything of an array that is longer.
    Source: min/max decimation per pixel column, as in M4 (Jugel et al., VLDB 2014), without first and last.
    """
    if len(values) <= max_points:
        return np.arange(len(values))
    comparable = values if values.dtype.kind in "biuf" else values.astype(np.float32)
    has_nan = comparable.dtype.kind == "f" and bool(np.isnan(comparable.min()))
    stretches = max(1, max_points // (3 if has_nan else 2))
    length = -(-len(values) // stretches)
    whole = len(values) // length
    cut = whole * length
    places = [_of_stretches(comparable[:cut].reshape(whole, length), has_nan=has_nan)]
    if cut < len(values):
        places.append(cut + _of_stretches(comparable[cut:].reshape(1, -1), has_nan=has_nan))
    return np.unique(np.concatenate(places))


def _of_stretches(rows: NDArray[Any], *, has_nan: bool) -> NDArray[np.int64]:
    """Places in the flattened `rows`, shape (stretches, length), of what each row keeps."""
    starts = np.arange(len(rows)) * rows.shape[1]
    if not has_nan:
        return np.concatenate([starts + rows.argmin(axis=1), starts + rows.argmax(axis=1)])
    # argmin and argmax stop at a NaN: look for the extremes beside it, then for the NaN itself.
    missing = np.isnan(rows)
    least = np.where(missing, np.inf, rows).argmin(axis=1)
    greatest = np.where(missing, -np.inf, rows).argmax(axis=1)
    first_missing = (starts + missing.argmax(axis=1))[missing.any(axis=1)]
    return np.concatenate([starts + least, starts + greatest, first_missing])


def evenly_spaced(items: list[T], count: int) -> list[T]:
    """At most `count` of the items, evenly spaced, the first and last among them where count allows."""
    if len(items) <= count:
        return items
    return [items[place] for place in np.unique(np.linspace(0, len(items) - 1, count).round().astype(int))]
