"""A metric of every layer as lines over epochs or steps, and the ratio of updates to weights with its target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntracker_ray.figures.drawing import drawn
from nntracker_ray.figures.empty import empty_figure
from nntracker_ray.figures.inside_heat import AXIS_WORDS
from nntracker_ray.figures.inside_numbers import Frame, LayerSeries, cells_of, layer_series
from nntracker_ray.figures.lines import FEW_POINTS, Band, Chart, Line, band_of, distinct, line_of
from nntracker_ray.figures.palette import depth_colors
from nntracker_ray.figures.value_scale import Scale, scale_for
from nntracker_ray.figures.views import Axis

RATIO_TARGET = 10**-3.5, 10**-2.5
"""CS231n notes, "Neural Networks Part 3": the ratio of updates to weights should be roughly 1e-3."""

TARGET_NAME, TARGET_COLOR = "target", "#2aa876"
TARGET_WORDS = "about 1e-3 a step is healthy; far above, the learning rate may be too high, far below too low"
MANY = 8  # lines of more series differ by their dashes as well
DASHES = ("solid", "dashed", "dotted")


def layer_lines(
    frame: Frame,
    metric: str,
    *,
    axis: Axis = Axis.EPOCH,
    scale: Scale = Scale.AUTO,
    tensor: str = "",
    layers: Sequence[str] = (),
    order: Sequence[str] = (),
    height: int = 420,
) -> Any:
    """A line for each layer, coloured from the first to the last.

    Args:
        frame, scale, tensor, layers, order: As for `layer_heat_map`; a logarithm needs values that are all positive.
        axis: By epoch a line goes through the newest look of each, and a band shows least and greatest.
    """
    series = layer_series(frame, metric, tensor=tensor, layers=layers, order=order)
    if not series:
        return empty_figure(f"no values of {metric} yet")
    return drawn(lines_chart(series, metric, axis=axis, scale=scale), height=height)


def update_ratios(
    frame: Frame,
    metric: str = "weight_updates/update_ratio",
    *,
    axis: Axis = Axis.EPOCH,
    tensor: str = "",
    layers: Sequence[str] = (),
    order: Sequence[str] = (),
    height: int = 420,
) -> Any:
    """Size of each layer's update relative to its weights, by its logarithm, with the band where it should be."""
    series = layer_series(frame, metric, tensor=tensor, layers=layers, order=order)
    if not series:
        return empty_figure(f"no values of {metric} yet")
    chart = ratio_chart(series, axis=axis)
    return drawn(chart, height=height).opts(title=f"green: {TARGET_WORDS}", fontsize={"title": "11px"})


def ratio_chart(series: Sequence[LayerSeries], *, axis: Axis) -> Chart:
    """The lines of `update_ratios` as numbers."""
    words = "update / weight, L2 (no unit)"
    chart = lines_chart(series, words, axis=axis, scale=Scale.LOG)
    ends = [end for line in chart.lines for end in (*line.x[[0, -1][: len(line.x)]], *line.lost_x)]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    x = np.linspace(low, high, FEW_POINTS + 1)  # lines of fewer points show them as dots
    low_end, high_end = (np.full(len(x), end) for end in RATIO_TARGET)
    band = Band(TARGET_NAME, x, low_end, high_end, TARGET_COLOR)
    edges = [
        Line(name, x, y, TARGET_COLOR, "dashed", 1.2, has_legend=False)
        for name, y in (("target, from", low_end), ("target, to", high_end))
    ]
    return Chart(distinct([*edges, *chart.lines]), (band, *chart.bands), chart.xlabel, words, log=True)


def lines_chart(
    series: Sequence[LayerSeries], ylabel: str, *, axis: Axis, scale: Scale = Scale.AUTO
) -> Chart:
    """The lines of `layer_lines` as numbers, thinned; the extremes always stay."""
    is_log = _is_log(series, scale)
    is_many = len(series) > MANY
    parts = [
        _line_and_band(one, color, DASHES[place % 3] if is_many else "solid", axis, is_log)
        for place, (one, color) in enumerate(zip(series, depth_colors(len(series)), strict=True))
    ]
    bands = tuple(band for _, band in parts if band is not None)
    return Chart(distinct(line for line, _ in parts), bands, AXIS_WORDS[axis], ylabel, log=is_log)


def _is_log(series: Sequence[LayerSeries], scale: Scale) -> bool:
    if scale is not Scale.AUTO:
        return scale is Scale.LOG
    fitting = scale_for(np.concatenate([one.values for one in series]))
    return fitting.is_log and fitting.low > 0


def _line_and_band(
    one: LayerSeries, color: str, dash: str, axis: Axis, log: bool
) -> tuple[Line, Band | None]:
    if axis is Axis.STEP:
        line = line_of(
            one.name, one.steps.astype(np.float64), one.values, color, dash=dash, width=1.5, log=log
        )
        return line, None
    # Epochs are not put together: lines are thinned by themselves.
    cells = cells_of([one], axis, most_columns=len(one.epochs) + 1)
    x = cells.places.astype(np.float64)
    values = np.where(cells.lost[0] > 0, np.nan, cells.value[0])
    line = line_of(one.name, x, values, color, dash=dash, width=1.5, log=log)
    if cells.looks.max(initial=0) < 2:
        return line, None
    name = f"{one.name}, least to greatest"
    return line, band_of(name, x, cells.low[0], cells.high[0], color, alpha=0.08, log=log)
