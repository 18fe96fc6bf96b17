"""How one looks at learning curves: along which axis, on which scale, how smooth, which splits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TIME_METRIC = "elapsed_time"  # seconds of training, pauses left out, as the trainer counts them


class Split(StrEnum):
    """The examples that a metric was measured on; Keras puts it in front of the metric's name."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"

    @property
    def prefix(self) -> str:
        """What stands in front of the metric's name: "", "val_" or "test_"."""
        return {"train": "", "validation": "val_", "test": "test_"}[self.value]


class Axis(StrEnum):
    """What runs from left to right."""

    EPOCH = "epoch"  # 0-based
    STEP = "step"  # optimizer updates made
    TIME = "time"  # seconds of training


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


def smoothed(values: Floats, weight: float) -> Floats:
    """Exponential moving average, corrected for its beginning; gaps stay gaps and weigh nothing.

    Args:
        values: (n,), nan where the line has a gap.
        weight: Of the past, 0 to below 1.
    Source: TensorBoard's smoothing of scalars: s = w s + (1 - w) x, divided by 1 - w ** (values so far).
    """
    average = np.asarray(pd.Series(values).ewm(alpha=1.0 - weight, adjust=True, ignore_na=True).mean())
    return np.where(np.isnan(values), np.nan, average)
