"""How one looks at learning curves: along which axis, on which scale, how smooth, which splits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.comparing.axes import CLOCK_METRIC, Axis
from nntracker_ray.comparing.smoothing import smoothed

__all__ = ["EPOCHS_AS_THEY_ARE", "TIME_METRIC", "Axis", "CurveView", "Split", "places", "smoothed"]

TIME_METRIC = CLOCK_METRIC


class Split(StrEnum):
    """The examples that a metric was measured on; Keras puts it in front of the metric's name."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"

    @property
    def prefix(self) -> str:
        """What stands in front of the metric's name: "", "val_" or "test_"."""
        return {"train": "", "validation": "val_", "test": "test_"}[self.value]


@dataclass(frozen=True, slots=True)
class CurveView:
    """One way of looking. What it leaves out is not drawn at all."""

    axis: Axis = Axis.EPOCH
    log: bool = False  # logarithmic values; what is not above 0 cannot be drawn and is marked like NaN
    smoothing: float = 0.0  # 0: none, to below 1: weight of the past, as in TensorBoard
    splits: tuple[Split, ...] = tuple(Split)


EPOCHS_AS_THEY_ARE = CurveView()


def places(rows: pd.DataFrame, axis: Axis, of_run: pd.DataFrame) -> NDArray[Any]:
    """Where the rows of one series stand on the axis, (n,), ascending.

    Args:
        rows: Of one series, in order of epochs.
        of_run: All rows of the run, in which the clock is looked up. Where the trainer has not told its clock, the
            time since the run's first value is taken, pauses included.
    """
    if axis is Axis.EPOCH:
        return rows["epoch"].to_numpy(dtype=np.int64)
    if axis is Axis.STEP:
        return rows["step"].to_numpy(dtype=np.int64)
    clock = of_run[of_run["metric"] == TIME_METRIC]
    if clock.empty:
        since = rows["time"] - of_run["time"].min()
        return np.asarray(since.dt.total_seconds(), np.float64)
    at = np.searchsorted(np.sort(clock["epoch"].to_numpy()), rows["epoch"].to_numpy(), side="right") - 1
    return np.sort(np.asarray(clock["value"], np.float64))[np.maximum(at, 0)]
