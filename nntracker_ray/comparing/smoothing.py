"""Smoothing of noisy curves."""

from __future__ import annotations

import numpy as np

from nntracker_ray.comparing.curves import Floats
from nntracker_ray.errors import BadInputError

MOST_WEIGHT = 0.999


def smoothed(values: Floats, weight: float) -> Floats:
    """The exponential moving average, corrected for its beginning: the first value stays as it is.

    Values that are not finite stay in their places, and the others are smoothed as if they were not there.

    Args:
        values: (n,), in order.
        weight: Of what came before, 0 (no smoothing) to 0.999.
    Raises: BadInputError: Another weight.
    Source: TensorBoard's scalar charts: s = w s + (1 - w) v from s = 0, divided by 1 - w^k after k values.
    """
    if not 0 <= weight <= MOST_WEIGHT:
        raise BadInputError(f"smoothing {weight!r} is not from 0 to {MOST_WEIGHT}; try 0.6")
    finite = np.isfinite(values)
    if weight == 0 or not finite.any():
        return values
    import pandas as pd

    result = values.copy()
    # The weighted mean with weights w^i over what came before is the same number, and is computed in C.
    result[finite] = pd.Series(values[finite]).ewm(alpha=1 - weight, adjust=True).mean().to_numpy()
    return result
