"""A figure for what is not there yet: a sentence instead of axes around nothing."""

from __future__ import annotations

from typing import Any

import holoviews as hv

from nntracker_ray.figures.chart_look import GREY, calm_figure, load_backend


def empty_figure(text: str, *, height: int = 240) -> hv.Overlay:
    """The sentence, in the middle."""
    load_backend()
    words = hv.Labels([(0.0, 0.0, text)], ["x", "y"], "text").opts(
        backend="bokeh", text_color=GREY, text_font_size="13px"
    )
    return hv.Overlay([words]).opts(
        hv.opts.Overlay(
            backend="bokeh", responsive=True, height=height, min_height=height, xaxis=None, yaxis=None,
            xlim=(-1, 1), ylim=(-1, 1), default_tools=[], hooks=[_calm],
        )
    )  # fmt: skip


def _calm(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
    plot.state.ygrid.visible = False
