"""How alike a layer was to itself at its looks: similarities of each look with earlier ones as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np

from nntracker_ray.figures.chart_look import calm_figure, load_backend
from nntracker_ray.figures.empty import empty_figure
from nntracker_ray.figures.inside_heat import AXIS_WORDS, CMAP, LOST, color_bar
from nntracker_ray.figures.inside_numbers import Floats, Integers
from nntracker_ray.figures.inside_spread import Look
from nntracker_ray.figures.palette import MARK_COLOR
from nntracker_ray.figures.value_scale import ValueScale
from nntracker_ray.figures.views import Axis

MOST_TICKS = 8
WIDEST = 720  # pixels: on a wide page the matrix would be far from square


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Looks x looks."""

    steps: Integers  # ascending, (n,)
    epochs: Integers  # (n,); -1 for one that is only known from later ones
    values: Floats  # (n, n), symmetric, 1 on the diagonal; nan where two were not compared
    lost: Any  # (n, n), bool: compared, and the result was not finite


def similarity_of(looks: Sequence[Look]) -> Similarity:
    """The matrix of rows as SVCCA gives them: (2, m), the steps of earlier looks and the similarity with each."""
    rows = [one for one in looks if one.values.ndim == 2 and len(one.values) == 2]
    epoch_by_step = {one.step: one.epoch for one in rows}
    known = {*epoch_by_step, *(int(step) for one in rows for step in one.values[0])}
    steps = np.array(sorted(known), np.int64)
    values = np.full((len(steps), len(steps)), np.nan)
    lost = np.zeros(values.shape, bool)
    for one in rows:
        here, there = np.searchsorted(steps, one.step), np.searchsorted(steps, one.values[0].astype(np.int64))
        values[here, there] = values[there, here] = one.values[1]
        lost[here, there] = lost[there, here] = ~np.isfinite(one.values[1])
    np.fill_diagonal(values, 1.0)
    np.fill_diagonal(lost, val=False)
    epochs = np.array([epoch_by_step.get(int(step), -1) for step in steps], np.int64)
    return Similarity(steps, epochs, values, lost)


def similarity_matrix(
    looks: Sequence[Look], *, name: str, axis: Axis = Axis.EPOCH, height: int = 460
) -> hv.Overlay:
    """Each look against each other one: 1 where the layer represents the same.

    Args:
        looks: Of one layer, metric "probe_activations/svcca".
        name: Of the layer, for people.
        axis: Whether looks are called by epoch or by step; they stand at even distances either way.
    """
    found = similarity_of(looks)
    if not len(found.steps):
        return empty_figure(f"no similarities of {name} yet")
    load_backend()
    # The first look is told of by later ones alone, which do not say its epoch.
    known = Axis.STEP if axis is Axis.STEP or (found.epochs < 0).any() else Axis.EPOCH
    count, called = len(found.steps), f"looks at {name}, by {AXIS_WORDS[known]}"
    ticks = _ticks(found.steps if known is Axis.STEP else found.epochs)
    return hv.Overlay([_compared(found), _not_finite(found)]).opts(
        hv.opts.Overlay(
            backend="bokeh", responsive=True, height=height, min_height=height, max_width=WIDEST,
            xticks=ticks, yticks=ticks,
            xlim=(0, count), ylim=(0, count), invert_yaxis=True, xlabel=called, ylabel="", toolbar="above",
            default_tools=["pan", "box_zoom", "wheel_zoom", "reset"], active_tools=[],
            show_legend=bool(found.lost.any()), legend_position="top",
            legend_opts={"border_line_alpha": 0.0, "background_fill_alpha": 0.0}, hooks=[_calm],
        )
    )  # fmt: skip


def _ticks(names: Integers) -> list[tuple[float, str]]:
    shown = np.unique(np.linspace(0, len(names) - 1, min(MOST_TICKS, len(names))).round().astype(np.int64))
    return [(place + 0.5, f"{names[place]:,}") for place in shown.tolist()]


def _compared(found: Similarity) -> hv.Rectangles:
    cells = _columns(found, np.isfinite(found.values))
    vdims = ["similarity", "one", "other"]
    return hv.Rectangles(cells, ["x0", "y0", "x1", "y1"], vdims, label="compared").opts(
        backend="bokeh", color="similarity", cmap=CMAP, clim=(0.0, 1.0), line_color=None, colorbar=True,
        clabel="SVCCA similarity", colorbar_opts=color_bar(ValueScale(0.0, 1.0)), tools=["hover"], show_legend=False,
        hover_tooltips=[("steps", "@one{0,0} and @other{0,0}"), ("similarity", "@similarity{0.0000}")],
    )  # fmt: skip


def _not_finite(found: Similarity) -> hv.Rectangles:
    cells = _columns(found, found.lost)
    return hv.Rectangles(cells, ["x0", "y0", "x1", "y1"], ["one", "other"], label=LOST).opts(
        backend="bokeh", color=MARK_COLOR, fill_alpha=0.4, line_color=None, tools=["hover"],
        hover_tooltips=[("steps", "@one{0,0} and @other{0,0}"), ("similarity", LOST)],
    )  # fmt: skip


def _columns(found: Similarity, chosen: Any) -> dict[str, Any]:
    row, column = np.nonzero(chosen)
    return {
        "x0": column.astype(np.float64), "x1": column + 1.0, "y0": row.astype(np.float64), "y1": row + 1.0,
        "similarity": found.values[row, column], "one": found.steps[row], "other": found.steps[column],
    }  # fmt: skip


def _calm(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
    plot.state.ygrid.visible = False
