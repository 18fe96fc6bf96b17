"""Fewer points that draw the same picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.comparing.curves import Floats, Integers

COLUMNS = 1_500  # as many pixels as the widest chart of a page has


def column_places(x: NDArray[Any], y: Floats, columns: int = COLUMNS) -> Integers:
    """Places of the points that a chart so many pixels wide needs.

    Of each pixel column first, last, lowest and highest stay, and the first value that is not finite.

    Args:
        x: (n,), ascending numbers, whatever their distances.
        y: (n,).
        columns: Series of up to four times as many points stay whole.
    Source: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
    """
    if len(y) <= 4 * columns:
        return np.arange(len(y))
    group, starts = _groups(np.asarray(x, np.float64), columns)
    finite = np.isfinite(y)
    low, high = np.where(finite, y, np.inf), np.where(finite, y, -np.inf)
    kept = [
        starts,
        np.append(starts[1:], len(y)) - 1,
        _first_of_group(low == np.minimum.reduceat(low, starts)[group], group),
        _first_of_group(high == np.maximum.reduceat(high, starts)[group], group),
        _first_of_group(~finite, group),
    ]
    return np.unique(np.concatenate(kept))


def band_places(x: NDArray[Any], low: Floats, high: Floats, columns: int = COLUMNS) -> Integers:
    """The same for the area between two lines: what either of them needs."""
    return np.union1d(column_places(x, low, columns), column_places(x, high, columns))


def _groups(x: Floats, columns: int) -> tuple[Integers, Integers]:
    """For each point the number of its pixel column, counted from 0 without gaps; where each begins."""
    least, span = x.min(), x.max() - x.min()
    column = np.zeros(len(x), np.int64)
    if span > 0:
        column = np.minimum(((x - least) * (columns / span)).astype(np.int64), columns - 1)
    begins = np.append(True, column[1:] != column[:-1])
    return np.cumsum(begins) - 1, np.flatnonzero(begins)


def _first_of_group(wanted: NDArray[np.bool_], group: Integers) -> Integers:
    places = np.flatnonzero(wanted)
    groups = group[places]
    return places[np.append(True, groups[1:] != groups[:-1])] if len(places) else places
