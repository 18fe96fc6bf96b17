"""One curve minus another, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntracker_ray.comparing.aggregate import aggregate
from nntracker_ray.comparing.curves import Curve, Floats, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """left - right at the epochs that both have. Arrays (c,)."""

    epochs: Integers  # 0-based, ascending
    values: Floats  # not finite where one of the two is not
    left: Floats
    right: Floats
    only_left: int  # epochs that the right one lacks
    only_right: int


def subtract(
    left_epochs: Integers, left_values: Floats, right_epochs: Integers, right_values: Floats
) -> Difference:
    """Epochs are matched by number, each occurs once on either side; those of one side alone are only counted."""
    epochs, in_left, in_right = np.intersect1d(
        left_epochs, right_epochs, assume_unique=True, return_indices=True
    )
    left, right = left_values[in_left], right_values[in_right]
    with np.errstate(invalid="ignore", over="ignore"):
        values = left - right
    return Difference(
        epochs, values, left, right, len(left_epochs) - len(epochs), len(right_epochs) - len(epochs)
    )


def side_of(curves: Sequence[Curve]) -> tuple[Integers, Floats]:
    """One side of a difference: a run's values, or the means of several runs. Epochs and values, (e,) each."""
    if len(curves) == 1:
        ends = curves[0].by_epoch()
        return ends.epochs, ends.values
    found = aggregate(curves)
    return found.epochs, found.mean


def difference_of(left: Sequence[Curve], right: Sequence[Curve]) -> Difference:
    """A run or the mean of some, minus another or the mean of others."""
    return subtract(*side_of(left), *side_of(right))
