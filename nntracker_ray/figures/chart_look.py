"""One look for all Bokeh figures: for light and dark pages and for notebooks."""

from __future__ import annotations

from functools import cache
from typing import Any

import holoviews as hv

GREY = "#76818f"  # contrast of 4 : 1 with white and with near-black
SHARE_RANGE = "share"  # name of a second y axis: 0 is the lower edge of the chart, 1 the upper
FONT = "Roboto, system-ui, DejaVu Sans, sans-serif"


def calm_figure(figure: Any) -> None:
    """Our look for any Bokeh figure: for light and dark pages alike, a toolbar that shows on hovering only."""
    # For a few thousand points WebGL, HoloViews' choice, costs more than it saves: it is copied to a canvas each time,
    # which takes 30 ms where no graphics card helps.
    figure.output_backend = "canvas"
    figure.toolbar.autohide = True
    figure.toolbar_inner = True
    _transparent_and_grey(figure)


def hang_on_share(figure: Any, renderer: Any) -> None:
    """Let a renderer's heights be shares of the chart's height, whatever its own scale."""
    from bokeh.models import LinearScale, Range1d

    if SHARE_RANGE not in figure.extra_y_ranges:
        figure.extra_y_ranges = {**figure.extra_y_ranges, SHARE_RANGE: Range1d(0, 1)}
        figure.extra_y_scales = {**figure.extra_y_scales, SHARE_RANGE: LinearScale()}
    renderer.y_range_name = SHARE_RANGE


def _transparent_and_grey(figure: Any) -> None:
    """No paper of its own and greys between: one figure for light and dark pages and notebooks."""
    figure.background_fill_alpha = figure.border_fill_alpha = figure.outline_line_alpha = 0
    figure.xgrid.visible = False
    figure.ygrid.grid_line_color, figure.ygrid.grid_line_alpha = GREY, 0.18
    for axis in figure.axis:
        axis.axis_line_color = axis.minor_tick_line_color = axis.major_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = GREY
        axis.major_label_text_font = axis.axis_label_text_font = FONT
        axis.major_label_text_font_size = axis.axis_label_text_font_size = "11px"
        axis.axis_label_text_font_style = "normal"
    if figure.title is not None:
        figure.title.text_color, figure.title.text_font, figure.title.text_font_style = GREY, FONT, "normal"
    for legend in figure.legend:
        legend.label_text_color, legend.label_text_font, legend.label_text_font_size = GREY, FONT, "11px"
        legend.padding = legend.margin = 0
        beside = legend.orientation == "vertical"
        legend.spacing, legend.label_height, legend.glyph_height = (0, 12, 12) if beside else (14, 20, 20)


@cache
def load_backend() -> None:
    """Have HoloViews draw with Bokeh; its import is slow, so not before it is needed."""
    import holoviews.plotting.bokeh  # noqa: F401  (importing it is what registers the backend)

    hv.Store.set_current_backend("bokeh")
