"""Drawing learning curves: HoloViews overlays on the Bokeh backend."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from nntracker_ray.figures.chart_look import calm_figure, hang_on_share, load_backend
from nntracker_ray.figures.palette import MARK_COLOR, SPLIT_DASHES, color_of
from nntracker_ray.figures.rate_changes import (
    CHANGE_LINES,
    CHANGES_LABEL,
    RateChange,
    rate_marks,
)
from nntracker_ray.figures.series import Series, curve_series
from nntracker_ray.figures.views import EPOCHS_AS_THEY_ARE, Axis, CurveView

MARKS_LABEL = "not finite"
FORKS_LABEL = "forked here"
SMOOTH_LABEL = "smoothed"
BEHIND_ALPHA = 0.32  # of the measured line where a smooth one is drawn over it
INHERITED_ALPHA = 0.4  # of the line that a fork has from its parent
DEFAULT_MAX_POINTS = 8_000  # four for each pixel column of a chart 2,000 pixels wide

LEGEND_PARTS = ("dots", "inherited", FORKS_LABEL, SMOOTH_LABEL)  # are hidden with their line
AXIS_LABELS = {Axis.EPOCH: "epoch, from 0", Axis.STEP: "step", Axis.TIME: "time of training"}
LEGEND_ABOVE = 4  # lines whose names still fit above a chart


def learning_curves(
    frame: pd.DataFrame,
    metric: str,
    *,
    names: Mapping[Hashable, str] | None = None,
    max_points: int | None = DEFAULT_MAX_POINTS,
    height: int = 280,
    view: CurveView = EPOCHS_AS_THEY_ARE,
    changes: Sequence[RateChange] = (),
    on_page: bool = False,
) -> hv.Overlay:
    """A line per run and split of one metric; values that are not finite are gaps, and crosses at the axis.

    What a fork has from its parent is drawn fainter, up to a ring where it was forked.

    Args:
        frame: Columns run_id, metric, epoch (0-based) and value; inherited (bool) where some of it is a fork's.
        metric: Base name; "accuracy" draws "val_accuracy" and "test_accuracy" with it.
        names: What to call the runs in the legend.
        max_points: Longer series are thinned, keeping every extreme; None draws every point.
        height: Pixels; the width follows the place.
        view: Which axis, scale and splits; a smooth line is drawn over the measured one, which stays visible.
        changes: Of the learning rate, marked where they took effect.
        on_page: The page has a legend of its own: Bokeh builds its legend anew at each point that comes.
    Returns: An overlay whose last element, labelled "not finite", holds the crosses: NaN and -inf at the lower
        edge, inf at the upper one. It is there, empty, also when every value is finite.
    """
    load_backend()
    series = curve_series(frame, metric, names=names, max_points=max_points, view=view)
    single_run = len({one.run for one in series}) < 2
    colors = [color_of(one, single_run=single_run) for one in series]
    forks = [(one, color) for one, color in zip(series, colors, strict=True) if len(one.inherited_epochs)]
    inherited = [_inherited_line(one, metric, color) for one, color in forks]
    is_calm = bool(view.smoothing)
    lines = [_line(one, metric, color, view) for one, color in zip(series, colors, strict=True)]
    calm = [_smooth_line(one, metric, color) for one, color in zip(series, colors, strict=True) if is_calm]
    rings = [_fork_point(one, color) for one, color in forks]
    overlay = hv.Overlay(
        [*inherited, *lines, *calm, *rings, *rate_marks(frame, changes, view.axis), _marks(series)]
    )
    return overlay.opts(
        hv.opts.Overlay(backend="bokeh", **_overlay_options(len(lines), height, view, on_page=on_page))
    )


def mark_height(value: float) -> float:
    """Where the cross of a value that is not finite stands, as a share of the chart's height."""
    return 0.97 if value == np.inf else 0.03


def _line(series: Series, metric: str, color: str, view: CurveView) -> hv.Curve:
    data = {"epoch": series.epochs, "value": series.values}
    behind = bool(view.smoothing)
    curve = hv.Curve(
        data,
        hv.Dimension("epoch", label=str(view.axis)),
        hv.Dimension("value", label=metric),
        label=series.label,
    )
    return curve.opts(
        backend="bokeh",
        color=color,
        line_dash=SPLIT_DASHES[series.split],
        line_width=1.0 if behind else 1.8,
        alpha=BEHIND_ALPHA if behind else 1.0,
        tools=["hover"],
        hooks=[_with_dots(series.label, color, alpha=BEHIND_ALPHA if behind else 1.0)],
    )


def _smooth_line(series: Series, metric: str, color: str) -> hv.Curve:
    name = f"{series.label} {SMOOTH_LABEL}"
    data = {"epoch": series.smooth_epochs, "value": series.smooth_values}
    curve = hv.Curve(data, "epoch", hv.Dimension("value", label=metric), label=name)
    return curve.opts(
        backend="bokeh",
        color=color,
        line_dash=SPLIT_DASHES[series.split],
        line_width=2.2,
        show_legend=False,
        hooks=[_named(name)],
    )


def _inherited_line(series: Series, metric: str, color: str) -> hv.Curve:
    data = {"epoch": series.inherited_epochs, "value": series.inherited_values}
    name = f"{series.label} inherited"
    curve = hv.Curve(data, "epoch", hv.Dimension("value", label=metric), label=name)
    return curve.opts(
        backend="bokeh",
        color=color,
        line_dash=SPLIT_DASHES[series.split],
        line_width=1.8,
        alpha=INHERITED_ALPHA,
        show_legend=False,
        tools=["hover"],
        hooks=[_named(name)],
    )


def _fork_point(series: Series, color: str) -> hv.Scatter:
    data = {"epoch": series.inherited_epochs[-1:], "value": series.inherited_values[-1:]}
    name = f"{series.label} {FORKS_LABEL}"
    ring = hv.Scatter(data, "epoch", "value", label=name)
    return ring.opts(
        backend="bokeh",
        marker="o",
        size=9,
        color=color,
        fill_alpha=0,
        line_width=2,
        show_legend=False,
        hooks=[_named(name)],
    )


def _named(name: str) -> Any:
    def hook(plot: Any, _element: Any) -> None:
        plot.handles["glyph_renderer"].name = name

    return hook


def _marks(series: Sequence[Series]) -> hv.Scatter:
    points = [(epoch, value, one.label) for one in series for epoch, value in _lost(one)]
    data = {
        "epoch": [epoch for epoch, _, _ in points],
        "height": [mark_height(value) for _, value, _ in points],
        "was": [str(value) for _, value, _ in points],
        "series": [label for _, _, label in points],
    }
    scatter = hv.Scatter(data, "epoch", ["height", "was", "series"], label=MARKS_LABEL)
    return scatter.opts(
        backend="bokeh",
        apply_ranges=False,
        marker="x",
        size=9,
        line_width=2,
        color=MARK_COLOR,
        show_legend=False,
        hooks=[_at_the_axis],
    )


def _lost(series: Series) -> list[tuple[int, float]]:
    return list(zip(series.lost_epochs.tolist(), series.lost_values.tolist(), strict=True))


def _overlay_options(lines: int, height: int, view: CurveView, *, on_page: bool) -> dict[str, Any]:
    beside = lines > LEGEND_ABOVE
    return {
        "responsive": True,
        "min_height": height,
        "height": height,
        "toolbar": "above",
        "xlabel": AXIS_LABELS[view.axis],
        "logy": view.log,
        "ylabel": "",
        "show_legend": not on_page and lines > 0,
        "legend_position": "right" if beside else "top",
        "legend_opts": {
            "orientation": "vertical" if beside else "horizontal",
            "click_policy": "hide",
            "border_line_alpha": 0.0,
            "background_fill_alpha": 0.0,
            "location": "top" if beside else "left",
        },
        "default_tools": ["pan", "box_zoom", "wheel_zoom", "reset"],
        "active_tools": [],
        "hooks": [_calm_axes(view.axis)],
    }


def _with_dots(label: str, color: str, *, alpha: float) -> Any:
    """A point alone between two gaps has no line to be seen by; dots share the line's data, so both grow together."""

    def hook(plot: Any, _element: Any) -> None:
        line = plot.handles["glyph_renderer"]
        line.name = label
        dots = plot.state.scatter(
            "epoch", "value", source=plot.handles["source"], size=4, color=color, alpha=alpha
        )
        dots.name = f"{label} dots"

    return hook


def _at_the_axis(plot: Any, _element: Any) -> None:
    """Crosses hang on a second y axis from 0 to 1, so that zooming never hides them."""
    renderer = plot.handles["glyph_renderer"]
    renderer.name = MARKS_LABEL
    hang_on_share(plot.state, renderer)


def _calm_axes(axis: Axis) -> Any:
    """Axes that follow the lines in sight, whole epochs as ticks, and a toolbar that shows on hovering only."""

    def hook(plot: Any, _element: Any) -> None:
        from bokeh.models import BasicTicker, DataRange1d, NumeralTickFormatter

        figure = plot.state
        lines = [r for r in figure.renderers if r.name not in (MARKS_LABEL, CHANGES_LABEL, CHANGE_LINES)]
        figure.y_range = DataRange1d(renderers=lines, only_visible=True, range_padding=0.06)
        figure.x_range = DataRange1d(
            renderers=lines,
            only_visible=True,
            range_padding=0.02,
            min_interval=None if axis is Axis.TIME else 1,
        )
        if axis is Axis.TIME:
            figure.xaxis.formatter = NumeralTickFormatter(format="00:00:00")
        else:
            figure.xaxis.ticker = BasicTicker(min_interval=1)
        _hide_the_rest_with_lines(figure)
        calm_figure(figure)

    return hook


def _hide_the_rest_with_lines(figure: Any) -> None:
    by_name = {renderer.name: renderer for renderer in figure.renderers}
    for item in (item for legend in figure.legend for item in legend.items):
        names = [f"{r.name} {part}" for r in item.renderers for part in LEGEND_PARTS]
        item.renderers = [*item.renderers, *(by_name[name] for name in names if name in by_name)]
