"""A metric of every layer over a training: a heat map of layer x epoch or layer x step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np

from nntracker_ray.figures.chart_look import GREY, calm_figure, load_backend
from nntracker_ray.figures.empty import empty_figure
from nntracker_ray.figures.inside_numbers import Cells, Frame, cells_of, layer_series
from nntracker_ray.figures.palette import BOTH_SIGNS, MARK_COLOR
from nntracker_ray.figures.value_scale import Scale, ValueScale, scale_for
from nntracker_ray.figures.views import Axis

CMAP = "viridis"
AXIS_WORDS = {Axis.EPOCH: "epoch, from 0", Axis.STEP: "step"}
LOST = "not finite"
ROW_HEIGHT, LEAST_HEIGHT, AROUND = 22, 240, 96  # pixels
LONGEST_NAME = 22  # characters beside a row


def layer_heat_map(
    frame: Frame,
    metric: str,
    *,
    axis: Axis = Axis.EPOCH,
    scale: Scale = Scale.AUTO,
    tensor: str = "",
    layers: Sequence[str] = (),
    order: Sequence[str] = (),
    height: int | None = None,
) -> hv.Overlay:
    """Layers from top to bottom as the model has them, epochs or steps from left to right, colour: the value.

    Args:
        frame: Columns metric, layer, tensor, epoch, step, value, as `layer_curves` gives them.
        scale: AUTO takes the (symmetric) logarithm where values span decades.
        tensor, layers: Only these; "" and () for all.
        order: Names of the model's layers, first to last.
    Returns: A cell shows its newest look. Cells with a look that was NaN or infinite are hatched red.
    """
    series = layer_series(frame, metric, tensor=tensor, layers=layers, order=order)
    if not series:
        return empty_figure(f"no values of {metric} yet")
    return heat_map(cells_of(series, axis), metric, axis=axis, scale=scale, height=height)


def heat_map(
    cells: Cells,
    metric: str,
    *,
    axis: Axis,
    scale: Scale = Scale.AUTO,
    height: int | None = None,
    on_page: bool = False,
) -> hv.Overlay:
    """The same of cells that are worked out already.

    Args:
        on_page: The page says above it what the colours are.
    """
    load_backend()
    fitting = scale_for(np.where(cells.lost > 0, np.nan, cells.value), scale)
    tall = height or max(LEAST_HEIGHT, ROW_HEIGHT * len(cells.names) + AROUND)
    parts = [_measured(cells, fitting, metric, axis, " " if on_page else metric), _lost(cells, metric, axis)]
    step = max(1, len(cells.names) * 12 // tall)  # where there are more names than lines of text
    names = [(row + 0.5, _short(name)) for row, name in enumerate(cells.names) if row % step == 0]
    return hv.Overlay(parts).opts(
        hv.opts.Overlay(
            backend="bokeh", responsive=True, height=tall, min_height=tall, yticks=names, invert_yaxis=True,
            ylim=(0, len(cells.names)), xlim=(cells.edges[0], cells.edges[-1]), xlabel=AXIS_WORDS[axis], ylabel="",
            toolbar="above", default_tools=["pan", "box_zoom", "wheel_zoom", "reset"], active_tools=[],
            show_legend=bool(cells.lost.any()), legend_position="top",
            legend_opts={"border_line_alpha": 0.0, "background_fill_alpha": 0.0}, hooks=[_calm],
        )
    )  # fmt: skip


def color_bar(scale: ValueScale) -> dict[str, Any]:
    """Options of a calm colour bar; marks at powers of ten where the scale is logarithmic."""
    from bokeh.models import FixedTicker

    marks = {"ticker": FixedTicker(ticks=[at for at, _ in scale.ticks])} if scale.is_log else {}
    words = {"major_label_overrides": dict(scale.ticks)} if scale.is_log else {}
    return {
        "width": 8, "padding": 6, "background_fill_alpha": 0, "bar_line_color": None,
        "major_label_text_color": GREY, "major_label_text_font_size": "11px", "major_tick_line_color": None,
        "title_text_color": GREY, "title_text_font_size": "11px", "title_text_font_style": "normal", **marks, **words,
    }  # fmt: skip


def _measured(cells: Cells, scale: ValueScale, metric: str, axis: Axis, title: str) -> hv.Rectangles:
    told = _columns(cells, (cells.looks > 0) & (cells.lost == 0))
    told["shade"] = scale.shades(told["value"])
    vdims = ["shade", "value", "layer", "at", "low", "high", "looks"]
    return hv.Rectangles(told, ["x0", "y0", "x1", "y1"], vdims, label="measured").opts(
        backend="bokeh", color="shade", cmap=list(BOTH_SIGNS) if scale.has_signs else CMAP, clim=scale.limits,
        line_color=None, colorbar=True, clabel=title, colorbar_opts=color_bar(scale), show_legend=False,
        tools=[_hover(metric, axis, cells, "@value{%.5g}")],
    )  # fmt: skip


def _lost(cells: Cells, metric: str, axis: Axis) -> hv.Rectangles:
    told = _columns(cells, cells.lost > 0)
    told["was"] = np.array(
        [f"{lost} of {looks}" for lost, looks in zip(told["lost"], told["looks"], strict=True)]
    )
    vdims = ["was", "value", "layer", "at", "low", "high", "looks"]
    return hv.Rectangles(told, ["x0", "y0", "x1", "y1"], vdims, label=LOST).opts(
        backend="bokeh", color=MARK_COLOR, fill_alpha=0.25, line_color=MARK_COLOR, line_width=0.5,
        tools=[_hover(metric, axis, cells, "@value{%.5g}", ("looks not finite", "@was"))],
        hooks=[_hatched],
    )  # fmt: skip


def _columns(cells: Cells, chosen: Any) -> dict[str, Any]:
    row, column = np.nonzero(chosen)
    return {
        "x0": cells.edges[column], "x1": cells.edges[column + 1], "y0": row.astype(np.float64), "y1": row + 1.0,
        "layer": np.array(cells.names, dtype=object)[row], "at": cells.places[column],
        **{name: getattr(cells, name)[row, column] for name in ("value", "low", "high", "looks", "lost")},
    }  # fmt: skip


def _hover(metric: str, axis: Axis, cells: Cells, value: str, *more: tuple[str, str]) -> Any:
    from bokeh.models import HoverTool

    told = [("layer", "@layer"), (str(axis), "@at{0,0}"), (metric, value), *more]
    if cells.looks.max(initial=0) > 1:
        told += [("looks", "@looks"), ("least … greatest", "@low{%.4g} … @high{%.4g}")]
    return HoverTool(tooltips=told, formatters=dict.fromkeys(("@value", "@low", "@high"), "printf"))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _hatched(plot: Any, _element: Any) -> None:
    glyph = plot.handles["glyph_renderer"].glyph
    glyph.hatch_pattern, glyph.hatch_color, glyph.hatch_scale = "right_diagonal_line", MARK_COLOR, 6


def _calm(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
    plot.state.ygrid.visible = False
