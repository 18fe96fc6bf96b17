"""Histograms of weights over epochs: a heat map of all epochs, and one epoch as bars."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np

from nntracker_ray.figures.cell_edges import cell_edges
from nntracker_ray.figures.chart_look import GREY, calm_figure, load_backend
from nntracker_ray.figures.palette import MARK_COLOR, SERIES_COLORS
from nntracker_ray.histograms import Histograms

CMAP = "viridis"
LOST_LABEL = "not finite"


def histogram_map(found: Histograms, *, name: str, height: int = 262) -> hv.Overlay:
    """Epochs from left to right, values upwards, colour: share of the array's values in the bin.

    Args:
        name: Of the array, for the axis: "dense_4 / kernel".
    Returns: A heat map; below it crosses at epochs with values that are in no bin, NaN or infinite.
    """
    load_backend()
    shares = np.where(
        found.counts > 0, found.counts / max(1, found.size), np.nan
    )  # an empty bin has no colour
    mesh = hv.QuadMesh(
        (cell_edges(found.epochs), found.edges, shares.T), ["epoch", "value"], "share", label="histograms"
    )
    mesh = mesh.opts(
        backend="bokeh",
        cmap=CMAP,
        colorbar=True,
        clabel=" ",  # the page says above it what the colours are
        colorbar_opts={
            "width": 8,
            "padding": 4,
            "background_fill_alpha": 0,
            "major_label_text_color": GREY,
            "title_text_color": GREY,
            "title_text_font_size": "11px",
            "title_text_font_style": "normal",
        },
        tools=["hover"],
        hover_tooltips=[("epoch", "@epoch"), ("value", "@value"), ("share", "@share{0.00%}")],
    )
    lost = found.not_finite > 0
    data = {
        "epoch": found.epochs[lost],
        "value": np.full(int(lost.sum()), found.edges[0]),
        "lost": found.not_finite[lost],
    }
    crosses = hv.Scatter(data, "epoch", ["value", "lost"], label=LOST_LABEL).opts(
        backend="bokeh", marker="x", size=9, line_width=2, color=MARK_COLOR, tools=["hover"],
        hover_tooltips=[("not finite", "@lost")], show_legend=False,
    )  # fmt: skip
    return (mesh * crosses).opts(hv.opts.Overlay(backend="bokeh", **_options(height, "epoch, from 0", name)))


def histogram_bars(found: Histograms, epoch: int, *, name: str, height: int = 262) -> hv.Histogram:
    """The values at one epoch; the axis is the same for every epoch.

    Raises: ValueError: There is no such epoch.
    """
    load_backend()
    place = found.epochs.tolist().index(epoch)
    highest = int(found.counts.max(initial=1))
    bars = hv.Histogram((found.edges, found.counts[place]), kdims=["value"], vdims=["count"])
    return bars.opts(
        backend="bokeh",
        color=SERIES_COLORS[0],
        line_color=None,
        fill_alpha=0.75,
        ylim=(0, highest * 1.04),
        tools=["hover"],
        **_options(height, name, "values"),
    )


def _options(height: int, x: str, y: str) -> dict[str, Any]:
    return {
        "responsive": True,
        "min_height": height,
        "height": height,
        "xlabel": x,
        "ylabel": y,
        "toolbar": "above",
        "default_tools": ["pan", "box_zoom", "wheel_zoom", "reset"],
        "active_tools": [],
        "hooks": [_calm],
    }


def _calm(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
