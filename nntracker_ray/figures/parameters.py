"""Hyperparameters against results: parallel coordinates and a scatter, for notebooks and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from nntracker_ray.comparing.scales import Scale, scale_of
from nntracker_ray.figures.chart_look import GREY, calm_figure, load_backend
from nntracker_ray.figures.palette import MARK_COLOR

RESULT_COLORS = ("#5b6ee1", "#3f83f8", "#1aa5bb", "#2aa876", "#c39a1d", "#ee8a2d")  # least to greatest
LOG_PARAMETERS = frozenset({"learning rate"})
UNDER_AXIS = 0.065  # of an axis, for a word below it
NAME = "run"  # the column that says what to call a line


def parallel_coordinates(
    frame: pd.DataFrame, result: str, *, parameters: Sequence[str] | None = None, height: int = 420
) -> hv.Overlay:
    """A line for each run through what it was given to what came of it, coloured by the result.

    Args:
        frame: A row for each run: a column for each parameter, the result, and "run" for its name.
        result: Column of the result; runs whose result is not finite are drawn dashed, without colour.
        parameters: Columns to show, in order; None: all the others.
    """
    load_backend()
    shown = [*(parameters if parameters is not None else _parameters(frame, result)), result]
    scales = [_scale(frame, name) for name in shown]
    heights = (
        np.stack([scale.heights for scale in scales], axis=1) if len(frame) else np.empty((0, len(shown)))
    )
    parts = [_axes(len(shown)), *_lines(frame, result, heights), _tick_words(scales)]
    return hv.Overlay(parts).opts(
        hv.opts.Overlay(
            backend="bokeh",
            responsive=True,
            height=height,
            min_height=height,
            xticks=[(place, name.replace(" ", "\n")) for place, name in enumerate(shown)],
            xrotation=20 if len(shown) > 5 else 0,  # or the names would run into each other on a phone
            yaxis=None,
            xlabel="",
            ylabel="",
            show_legend=False,
            xlim=(-0.25, len(shown) - 0.45),
            ylim=(-0.09, 1.06),
            default_tools=[],
            hooks=[_calm_hook],
        )
    )


def parameter_scatter(frame: pd.DataFrame, parameter: str, result: str, *, height: int = 420) -> hv.Overlay:
    """A point for each run: what it was given from left to right, its result upwards.

    Args:
        frame: As for `parallel_coordinates`.
        parameter: Column; numbers over 20 times their least stand by their logarithm, words side by side.
        result: Column; results that are not finite are crosses below all others.
    """
    load_backend()
    scale = _scale(frame, parameter)
    values = frame[result].to_numpy(np.float64)
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 1.0)
    floor = float(low - 0.08 * ((high - low) or 1.0))  # below everything that was measured
    names = _names(frame)
    points = {
        "at": scale.heights, "y": np.where(finite, values, floor), "given": [*map(str, frame[parameter])],
        "run": names, "result": [f"{value:.6g}" for value in values],
    }  # fmt: skip
    kinds = ((finite, "circle", "#3f83f8", "measured"), (~finite, "x", MARK_COLOR, "not finite"))
    parts = [
        hv.Scatter(
            {name: np.asarray(column)[chosen] for name, column in points.items()},
            "at", ["y", "given", "run", "result"], label=label,
        ).opts(backend="bokeh", marker=marker, color=color, size=8, alpha=0.75, tools=[_hover(parameter, result)])
        for chosen, marker, color, label in kinds
    ]  # fmt: skip
    options = {"responsive": True, "height": height, "min_height": height, "xticks": list(scale.ticks)}
    return hv.Overlay(parts).opts(
        hv.opts.Overlay(
            backend="bokeh", **options, xlabel=parameter, ylabel=result, show_legend=False, xlim=(-0.06, 1.06),
            toolbar="above", hooks=[_calm_hook],
        )
    )  # fmt: skip


def _parameters(frame: pd.DataFrame, result: str) -> list[str]:
    return [str(name) for name in frame.columns if name not in (result, NAME)]


def _scale(frame: pd.DataFrame, name: str) -> Scale:
    values = [_plain(value) for value in frame[name].tolist()]
    wanted = True if name in LOG_PARAMETERS else None
    return scale_of(values, is_log=wanted)


def _plain(value: Any) -> Any:
    """None for pandas' own ways of saying nothing; a float's NaN stays one."""
    return None if value is pd.NA or value is pd.NaT else value


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.get(NAME, frame.index)]


def _axes(count: int) -> hv.Segments:
    places = np.arange(count)
    bars = hv.Segments((places, np.zeros(count), places, np.ones(count)), ["x", "y", "x1", "y1"])
    return bars.opts(backend="bokeh", color=GREY, alpha=0.45, line_width=1)


def _lines(frame: pd.DataFrame, result: str, heights: np.ndarray[Any, Any]) -> list[hv.Path]:
    values, names = frame[result].to_numpy(np.float64), _names(frame)
    finite = np.isfinite(heights[:, -1]) if len(frame) else np.empty(0, bool)
    x = np.arange(heights.shape[1])
    paths = [
        {"x": x, "y": np.where(np.isfinite(line), line, np.nan), "result": value, "run": name}
        for line, value, name in zip(heights, values, names, strict=True)
    ]
    told = [path for path, is_finite in zip(paths, finite, strict=True) if is_finite]
    # Without a height for its result such a line would end before the last axis: it ends at its foot.
    lost = [
        {**path, "y": np.append(path["y"][:-1], 0.0), "result": str(path["result"])}
        for path, is_finite in zip(paths, finite, strict=True)
        if not is_finite
    ]
    hover = [_hover("", result)]
    vdims = ["result", "run"]
    coloured = hv.Path(told, ["x", "y"], vdims).opts(
        backend="bokeh", color="result", cmap=list(RESULT_COLORS), line_width=1.6, alpha=0.75, tools=hover
    )
    dashed = hv.Path(lost, ["x", "y"], vdims).opts(
        backend="bokeh", color=MARK_COLOR, line_dash="dashed", line_width=1.2, alpha=0.75, tools=hover
    )
    return [path for path, has in ((coloured, told), (dashed, lost)) if has]


def _tick_words(scales: Sequence[Scale]) -> hv.Labels:
    # The lowest stands below its axis: every line through the foot of an axis would run through it.
    words = [
        (place + 0.02, height if height > 0 else height - UNDER_AXIS, text)
        for place, scale in enumerate(scales)
        for height, text in scale.ticks
    ]
    labels = hv.Labels(words, ["x", "y"], "text")
    return labels.opts(
        backend="bokeh", text_color=GREY, text_font_size="11px", text_align="left", text_baseline="bottom"
    )


def _hover(given: str, result: str) -> Any:
    from bokeh.models import HoverTool

    about = [("", "@run"), *([(given, "@given")] if given else []), (result, "@result")]
    return HoverTool(tooltips=about)


def _calm_hook(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
    plot.state.ygrid.visible = plot.state.yaxis.visible
