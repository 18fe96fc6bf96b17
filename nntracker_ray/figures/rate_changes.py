"""Marks where the learning rate changed: thin lines from top to bottom, and what became of it on hovering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from nntracker_ray.figures.chart_look import hang_on_share
from nntracker_ray.figures.views import TIME_METRIC, Axis

CHANGES_LABEL, CHANGE_LINES = "learning rate changed", "learning rate changed, lines"
CHANGE_COLOR = "#9772ef"
MOST_MARKS = 60  # a schedule may change it at every epoch, and so many lines would hide the curve


@dataclass(frozen=True, slots=True)
class RateChange:
    """One effective change of the learning rate."""

    epoch: int  # 0-based: the first one trained with the new value
    step: int  # optimizer updates made before
    old: float
    new: float
    cause: str  # the rule or the person behind it


def place_of(change: RateChange, axis: Axis, clock: pd.DataFrame) -> float:
    """Where it stands: between the last value of the old rate and the first of the new one.

    Args:
        clock: The rows of the metric `elapsed_time`.
    """
    if axis is Axis.STEP:
        return float(change.step)
    if axis is Axis.EPOCH:
        return change.epoch - 0.5
    before = clock.loc[clock["epoch"] < change.epoch, "value"]
    return float(before.max()) if len(before) else 0.0


def mark_columns(changes: Sequence[RateChange], axis: Axis, clock: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """What the renderers of the marks hold, by their names."""
    at = np.array([place_of(change, axis, clock) for change in changes], np.float64)
    zeros, ones = np.zeros(len(at)), np.ones(len(at))
    heads = {
        "epoch": at,
        "height": 0.985 * ones,
        "rate": [f"{change.old:.6g} \u2192 {change.new:.6g}" for change in changes],
        "cause": [change.cause for change in changes],
    }
    return {CHANGE_LINES: {"epoch": at, "bottom": zeros, "until": at, "top": ones}, CHANGES_LABEL: heads}


def rate_marks(frame: pd.DataFrame, changes: Sequence[RateChange], axis: Axis) -> list[Any]:
    """The lines and the heads of the marks; nothing when there are no changes, or too many."""
    if not 0 < len(changes) <= MOST_MARKS:
        return []
    columns = mark_columns(changes, axis, frame[frame["metric"] == TIME_METRIC])
    lines = hv.Segments(columns[CHANGE_LINES], kdims=["epoch", "bottom", "until", "top"], label=CHANGE_LINES)
    heads = hv.Scatter(columns[CHANGES_LABEL], "epoch", ["height", "rate", "cause"], label=CHANGES_LABEL)
    return [
        lines.opts(
            backend="bokeh",
            apply_ranges=False,
            color=CHANGE_COLOR,
            alpha=0.45,
            line_width=1,
            show_legend=False,
            hooks=[_shared(CHANGE_LINES)],
        ),
        heads.opts(
            backend="bokeh",
            apply_ranges=False,
            marker="inverted_triangle",
            size=8,
            color=CHANGE_COLOR,
            show_legend=False,
            tools=["hover"],
            hover_tooltips=[("learning rate", "@rate"), ("because of", "@cause")],
            hooks=[_shared(CHANGES_LABEL)],
        ),
    ]


def _shared(name: str) -> Any:
    def hook(plot: Any, _element: Any) -> None:
        renderer = plot.handles["glyph_renderer"]
        renderer.name = name
        hang_on_share(plot.state, renderer)

    return hook
