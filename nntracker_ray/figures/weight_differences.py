"""Weights of one run minus those of another: how the difference is spread, epoch by epoch."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np

from nntracker_ray.comparing import WeightDifference
from nntracker_ray.figures.chart_look import calm_figure, load_backend

DEEPENING = tuple(f"#3f83f8{alpha:02x}" for alpha in range(0, 256, 15))  # none to many
MORE_COLORS = (  # fewer, the same, more
    *(f"#ee8a2d{alpha:02x}" for alpha in range(255, 0, -32)),
    "#8a95a300",
    *(f"#3f83f8{alpha:02x}" for alpha in range(31, 256, 32)),
)


def weight_difference_spread(found: WeightDifference, *, height: int = 300) -> hv.QuadMesh:
    """A heat map of the elementwise difference: epochs from left to right, how many elements differ by how much."""
    return _heat_map(
        found.epochs,
        found.edges,
        np.log10(1 + found.counts),
        found.counts,
        "difference",
        list(DEEPENING),
        height,
    )


def weight_histogram_difference(found: WeightDifference, *, height: int = 300) -> hv.QuadMesh:
    """A heat map of one histogram minus the other: orange where the left run has fewer weights of a value."""
    counts = found.count_difference
    mesh = _heat_map(found.epochs, found.value_edges, counts, counts, "weight", list(MORE_COLORS), height)
    most = max(1, int(np.abs(counts).max(initial=0)))
    return mesh.opts(hv.opts.QuadMesh(backend="bokeh", clim=(-most, most)))


def _heat_map(
    epochs: Any, edges: Any, shades: Any, counts: Any, ylabel: str, colors: list[str], height: int
) -> hv.QuadMesh:
    load_backend()
    places = np.arange(len(epochs) + 1) - 0.5
    mesh = hv.QuadMesh((places, edges, shades.T, counts.T), ["x", "y"], ["shade", "count"])
    ticks = _ticks(epochs)
    return mesh.opts(
        hv.opts.QuadMesh(
            backend="bokeh", responsive=True, height=height, min_height=height, cmap=colors, xticks=ticks,
            xlabel="epoch, from 0", ylabel=ylabel, toolbar="above", default_tools=[],
            tools=["hover"], hover_tooltips=[(ylabel, "@y"), ("elements", "@count")], hooks=[_calm_hook],
        )
    )  # fmt: skip


def _ticks(epochs: Any) -> list[tuple[int, str]]:
    """At most twelve of the captures, by name: they need not lie at even distances."""
    shown = np.linspace(0, max(0, len(epochs) - 1), min(12, len(epochs))).astype(np.int64)
    return [(int(place), str(int(epochs[place]))) for place in np.unique(shown)]


def _calm_hook(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
