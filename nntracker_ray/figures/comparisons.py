"""Comparisons for notebooks and pages: frames or arrays in, HoloViews objects out."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

import holoviews as hv
import pandas as pd

from nntracker_ray.comparing import Axis, aggregate, curves_of, difference_of
from nntracker_ray.comparing.axes import CLOCK_METRIC
from nntracker_ray.errors import NotFoundError
from nntracker_ray.figures.comparison_lines import (
    Group,
    Look,
    Statistic,
    difference_chart,
    group_chart,
    overlay_chart,
)
from nntracker_ray.figures.drawing import drawn


def overlaid_curves(
    frame: pd.DataFrame,
    metric: str,
    *,
    names: Mapping[Hashable, str] | None = None,
    axis: Axis | str = Axis.EPOCH,
    log: bool = False,
    smoothing: float = 0.0,
) -> hv.Overlay:
    """One metric of several runs in one chart.

    Args:
        frame: Columns run_id, metric, epoch, value; step, time and inherited where they are known.
        metric: Full name: "val_accuracy".
        names: What to call the runs.
        axis: "epoch", "step" or "time" (seconds of training).
        log: Values by their logarithm; what is not above 0 becomes a gap and a cross.
        smoothing: Weight of what came before, 0 to 0.999, as in TensorBoard; the measured line lies behind.
    """
    named = {run_id: str((names or {}).get(run_id, run_id)) for run_id in dict.fromkeys(frame["run_id"])}
    curves = {named[curve.run_id]: curve for curve in curves_of(frame, metric)}
    clocks = {named[curve.run_id]: curve for curve in curves_of(frame, CLOCK_METRIC)}
    return drawn(overlay_chart(curves, metric, Look(Axis(axis), log, smoothing), clocks=clocks))


def group_curves(
    frame: pd.DataFrame,
    metric: str,
    by: str | None = None,
    *,
    statistics: Collection[Statistic | str] = (Statistic.MEAN, Statistic.SPREAD),
    members: bool = False,
    log: bool = False,
) -> hv.Overlay:
    """The spread of a metric over runs, epoch by epoch: of all of them, or of groups.

    Args:
        frame: Columns run_id, metric, epoch, value, and the one named by `by`.
        by: A column whose values are the groups: the configuration of folds, a tag; None: one group.
        statistics: "mean", "median", "std" (a band), "range".
        members: Whether the single runs are drawn faintly behind.
    """
    parts = frame.groupby(by, sort=False) if by else [("all runs", frame)]
    groups = [_group(str(name), rows, metric, members=members) for name, rows in parts]
    return drawn(group_chart(groups, metric, [Statistic(word) for word in statistics], Look(log=log)))


def difference_curve(left: pd.DataFrame, right: pd.DataFrame, metric: str) -> hv.Overlay:
    """One thing minus another, by epoch: a run each, or the means of several runs.

    Args:
        left: Columns run_id, metric, epoch, value.
        right: What is subtracted.
    Raises: NotFoundError: One of them has no such metric.
    """
    ours, theirs = curves_of(left, metric), curves_of(right, metric)
    if not (ours and theirs):
        raise NotFoundError(f"no values of {metric!r} on one side of the difference")
    return drawn(difference_chart(difference_of(ours, theirs), metric))


def _group(name: str, rows: pd.DataFrame, metric: str, *, members: bool) -> Group:
    curves = curves_of(rows, metric)
    return Group(name, aggregate(curves), curves if members else ())
