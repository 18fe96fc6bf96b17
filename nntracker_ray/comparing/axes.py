"""What runs can be laid side by side along."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from nntracker_ray.comparing.curves import Curve, Floats

CLOCK_METRIC = "elapsed_time"  # seconds of training, pauses left out, as the trainer counts them


class Axis(StrEnum):
    """The horizontal axis of overlaid curves."""

    EPOCH = "epoch"  # 0-based
    STEP = "step"  # optimizer updates made
    TIME = "time"  # seconds of training


def places_on(curve: Curve, axis: Axis, clock: Curve | None = None) -> Floats:
    """Where a curve's points stand on an axis, (n,).

    Args:
        clock: The run's `elapsed_time`, for the axis of time; between its points time passes evenly. Where the
            trainer has not told it, the time since the run's first value is taken, pauses included.
    """
    if axis is Axis.EPOCH:
        return curve.epochs.astype(np.float64)
    if axis is Axis.STEP:
        return curve.steps.astype(np.float64)
    if clock is not None and len(clock.steps):
        return np.interp(curve.steps, clock.steps, clock.values)
    seconds: Floats = (curve.times - curve.times[:1]) / np.timedelta64(1, "s")
    return seconds
