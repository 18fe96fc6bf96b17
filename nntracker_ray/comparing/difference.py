"""One curve minus another, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntracker_ray.comparing.curves import Floats, Integers


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
