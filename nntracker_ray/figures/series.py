"""Numbers of learning curves: which series there are, where they have gaps, what is not finite."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.figures.reduction import keep_extremes
from nntracker_ray.figures.views import EPOCHS_AS_THEY_ARE, CurveView, Split, places, smoothed

Floats = NDArray[np.float64]
Places = NDArray[Any]  # epochs and steps are int64, seconds float64


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line of a chart: one metric of one run on one split, in order of epochs.

    Of a fork the line begins with the last inherited point, so that it is joined to the inherited line.
    """

    run: Hashable  # as in the frame's column `run_id`
    run_index: int  # 0-based place among the runs of the frame
    split: Split
    label: str  # for the legend: "validation", or "FileSim (1), validation" when several runs are shown
    epochs: Places  # ascending, (n,): 0-based epochs, or what the view has from left to right instead
    values: (
        Floats  # (n,), the metric's own unit; nan where the value cannot be drawn: the line has a gap there
    )
    lost_epochs: Places  # where a value could not be drawn, (m,)
    lost_values: Floats  # what it was: nan, inf or -inf; on a logarithmic scale also 0 and less, (m,)
    inherited_epochs: Places  # the line that a fork has from its ancestors, (i,); empty for other runs
    inherited_values: Floats  # (i,), with gaps as in `values`
    smooth_epochs: Places  # as `epochs`, thinned by itself, (s,); empty unless the view is smoothed
    smooth_values: Floats  # (s,)


def split_of(metric: str) -> tuple[str, Split]:
    """The metric's own name and its split.

    >>> split_of("val_accuracy")
    ('accuracy', <Split.VALIDATION: 'validation'>)
    """
    for split in (Split.VALIDATION, Split.TEST):
        if metric.startswith(split.prefix):
            return metric.removeprefix(split.prefix), split
    return metric, Split.TRAIN


def known_metrics(metrics: Iterable[str]) -> tuple[str, ...]:
    """Base names in a calm order: accuracy first, then loss, then the others by name."""
    names = {split_of(metric)[0] for metric in metrics}
    first = [name for name in ("accuracy", "loss") if name in names]
    return (*first, *sorted(names - set(first)))


def curve_series(
    frame: pd.DataFrame,
    metric: str,
    *,
    names: Mapping[Hashable, str] | None = None,
    max_points: int | None = None,
    view: CurveView = EPOCHS_AS_THEY_ARE,
) -> tuple[Series, ...]:
    """The series of one metric: per run train, validation and test, as far as there are values.

    Args:
        frame: Columns run_id, metric, epoch (0-based) and value, as `learning_curves` of the storage gives them;
            inherited (bool) where some of it is a fork's; step, time where the view goes by them.
        metric: Base name: "accuracy" takes "val_accuracy" and "test_accuracy" too.
        names: What to call the runs; without it the run's id is its name.
        max_points: Longer series are thinned to about this many points; extremes always stay.
        view: Splits that it leaves out have no series.
    """
    runs = list(dict.fromkeys(frame["run_id"])) if len(frame) else []
    series = []
    for index, run in enumerate(runs):
        of_run = frame[frame["run_id"] == run]
        for split in view.splits:
            rows = of_run[of_run["metric"] == split.prefix + metric].sort_values("epoch", kind="stable")
            if len(rows):
                name = str((names or {}).get(run, run))
                label = str(split) if len(runs) == 1 else f"{name}, {split}"
                numbers = _numbers(rows, places(rows, view.axis, of_run), max_points, view)
                series.append(Series(run, index, split, label, *numbers))
    return tuple(series)


def _numbers(
    rows: pd.DataFrame, at: Places, max_points: int | None, view: CurveView
) -> tuple[Places, Floats, Places, Floats, Places, Floats, Places, Floats]:
    raw = rows["value"].to_numpy(dtype=np.float64)
    lost = ~np.isfinite(raw) | (raw <= 0 if view.log else False)
    values = np.where(lost, np.nan, raw)
    inherited = int(rows["inherited"].sum()) if "inherited" in rows else 0
    own = slice(max(0, inherited - 1), None)
    drawn = keep_extremes(at[own], values[own], max_points)
    before = keep_extremes(at[:inherited], values[:inherited], max_points)
    calm = at[:0], values[:0]
    if view.smoothing:
        # Of the inherited line too, so that a fork's smooth line goes on where its parent's was.
        calm = keep_extremes(at[own], smoothed(values, view.smoothing)[own], max_points)
    return *drawn, at[lost], raw[lost], *before, *calm
