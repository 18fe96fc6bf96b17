"""Thinning long series without hiding anything: the extremes of every stretch always stay."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray


def keep_extremes(
    x: NDArray[Any], y: NDArray[np.float64], max_points: int | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Thin a series to about `max_points` points, keeping of each stretch first, last, lowest, highest and a gap.

    Args:
        x: Ascending, (n,).
        y: (n,), nan where the line has a gap.
        max_points: At least 4; None keeps every point. Gaps may add one point per stretch.
    Returns: The kept x and y, in order. A chart of `max_points / 4` pixel columns looks the same as one of all points.
    Source: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
    """
    if max_points is None or len(y) <= max_points:
        return x, y
    edges = np.linspace(0, len(y), max(1, max_points // 4) + 1, dtype=np.int64)
    stretches = itertools.pairwise(edges)
    kept = np.unique(np.concatenate([_stretch(y, start, stop) for start, stop in stretches if stop > start]))
    return x[kept], y[kept]


def _stretch(y: NDArray[np.float64], start: int, stop: int) -> NDArray[np.int64]:
    part = y[start:stop]
    finite = np.flatnonzero(np.isfinite(part))
    inside = [0, len(part) - 1]
    if len(finite):
        inside += [int(finite[part[finite].argmin()]), int(finite[part[finite].argmax()])]
    if len(finite) < len(part):
        inside.append(int(np.flatnonzero(~np.isfinite(part))[0]))
    return np.asarray(inside, dtype=np.int64) + start
