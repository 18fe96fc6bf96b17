"""What a group of runs has in common: least, greatest, mean, median and spread at each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntracker_ray.comparing.curves import Curve, Floats, Integers

CELLS_AT_ONCE = 4_000_000  # 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """A metric over the runs of a group. All arrays (e,), e epochs at which at least one run has a value.

    Every number is over the runs that have a finite value at that epoch: `count` of them. `lost` runs had a value
    there that is not finite. Where no value is finite, all are nan; the deviation of a single run is nan.
    """

    epochs: Integers  # 0-based, ascending
    count: Integers
    lost: Integers
    minimum: Floats
    maximum: Floats
    mean: Floats
    median: Floats
    std: Floats  # of a sample, n - 1


def aggregate(curves: Sequence[Curve], *, cells_at_once: int = CELLS_AT_ONCE) -> Aggregate:
    """Runs of any length, aligned by epoch; of several values in an epoch the last counts.

    Args:
        curves: One metric of each run of the group.
        cells_at_once: Epochs are worked on in blocks of so many values.
    """
    ends = [curve.by_epoch() for curve in curves if len(curve.epochs)]
    epochs = _all_epochs(ends)
    places = [np.searchsorted(epochs, curve.epochs) for curve in ends]
    known = np.bincount(np.concatenate([*places, np.empty(0, np.int64)]), minlength=len(epochs))
    length = max(1, cells_at_once // max(1, len(ends)))
    blocks = [
        _of_block(_cells(ends, places, start, min(start + length, len(epochs))))
        for start in range(0, len(epochs), length)
    ]
    joined = np.concatenate([np.empty((6, 0)), *blocks], axis=1)
    count = joined[0].astype(np.int64)
    return Aggregate(epochs, count, known - count, *joined[1:])


def _all_epochs(curves: Sequence[Curve]) -> Integers:
    """Every epoch of any curve, ascending."""
    arrays = [curve.epochs for curve in curves]
    highest = max((int(epochs[-1]) for epochs in arrays), default=-1)
    if highest > 10 * sum(map(len, arrays)):
        return np.unique(np.concatenate(arrays))
    is_there = np.zeros(highest + 1, bool)
    for epochs in arrays:
        is_there[epochs] = True
    return np.flatnonzero(is_there)


def _cells(curves: Sequence[Curve], places: Sequence[Integers], start: int, stop: int) -> Floats:
    """Shape (epochs of the block, runs), nan where a run has nothing finite."""
    cells = np.full((stop - start, len(curves)), np.nan)
    for column, (curve, place) in enumerate(zip(curves, places, strict=True)):
        first, last = np.searchsorted(place, [start, stop])
        cells[place[first:last] - start, column] = curve.values[first:last]
    cells[~np.isfinite(cells)] = np.nan
    return cells


def _of_block(cells: Floats) -> Floats:
    """Shape (6, epochs): count, minimum, maximum, mean, median, std of each row of `cells`."""
    cells.sort(axis=1)  # nan last
    count = (~np.isnan(cells)).sum(axis=1)
    lowest_middle, highest_middle, last = (
        np.maximum((count - 1) // 2, 0),
        count // 2,
        np.maximum(count - 1, 0),
    )
    rows = np.arange(len(cells))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.nansum(cells, axis=1) / count
        squares = np.nansum((cells - mean[:, None]) ** 2, axis=1)
        std = np.where(count > 1, np.sqrt(squares / (count - 1)), np.nan)
        median = (cells[rows, lowest_middle] + cells[rows, np.minimum(highest_middle, last)]) / 2
    return np.stack([count, cells[:, 0], cells[rows, last], mean, median, std])
