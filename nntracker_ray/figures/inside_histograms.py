"""How the values of one array are spread from look to look: as ridges, and as a density image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np

from nntracker_ray.figures.chart_look import calm_figure, load_backend
from nntracker_ray.figures.empty import empty_figure
from nntracker_ray.figures.inside_heat import AXIS_WORDS, CMAP, color_bar
from nntracker_ray.figures.inside_spread import MOST_RIDGES, Look, Ridge, Spread, ridges_of, spread_of
from nntracker_ray.figures.value_scale import scale_for
from nntracker_ray.figures.views import Axis

OVERLAP = 1.9  # height of the tallest ridge, in distances between two


def histogram_ridges(
    looks: Sequence[Look], *, name: str, axis: Axis = Axis.EPOCH, height: int = 460, on_page: bool = False
) -> hv.Overlay:
    """One ridge a look, the first at the top, each as high as its own greatest density.

    Args:
        looks: Histograms of one array; their bins need not be the same. At most 24 are drawn, evenly chosen with the
            first and the last, and the title says how many of how many.
        name: Of the array, for the axis: "dense_4 / kernel".
        on_page: The page has the words of the title above it.
    """
    ridges, count = ridges_of(looks)
    if not ridges:
        return empty_figure(f"no histograms of {name} yet")
    load_backend()
    last = len(ridges) - 1
    polygons = [_polygon(one, float(last - place)) for place, one in enumerate(ridges)]
    vdims = ["step", "epoch", "values"]
    shapes = hv.Polygons(polygons, ["value", "height"], vdims).opts(
        backend="bokeh", color="step", cmap=CMAP, fill_alpha=0.78, line_color="#8a95a3", line_width=0.7,
        tools=["hover"],
        hover_tooltips=[("epoch", "@epoch"), ("step", "@step{0,0}"), ("values", "@values{0,0}")],
    )  # fmt: skip
    every = max(1, -(-len(ridges) // 12))
    shown = [place for place in range(len(ridges)) if place % every == 0]
    ticks = [(last - place, f"{_place(ridges[place], axis):,}") for place in shown]
    options = _options(height, f"value of {name}", AXIS_WORDS[axis])
    return hv.Overlay([shapes]).opts(
        hv.opts.Overlay(
            backend="bokeh", **options, yticks=ticks, ylim=(-0.35, last + OVERLAP + 0.1), show_legend=False,
            title="" if on_page else ridges_title(count).replace("; ", ";\n"), fontsize={"title": "11px"},
        )
    )  # fmt: skip


def ridges_title(count: int) -> str:
    """How many looks of so many are drawn."""
    drawn = min(count, MOST_RIDGES)
    said = f"all {count} looks" if drawn == count else f"{drawn} of {count} looks, evenly chosen"
    return f"{said}; each as high as its own greatest density"


def _polygon(ridge: Ridge, base: float) -> dict[str, Any]:
    x = np.concatenate([ridge.values[:1], ridge.values, ridge.values[-1:]])
    y = base + OVERLAP * np.concatenate([[0.0], ridge.heights, [0.0]])
    return {
        "value": x, "height": y, "step": ridge.step, "epoch": ridge.epoch, "values": ridge.total,
    }  # fmt: skip


def _place(ridge: Ridge, axis: Axis) -> int:
    return ridge.step if axis is Axis.STEP else ridge.epoch


def histogram_density(
    looks: Sequence[Look], *, name: str, axis: Axis = Axis.STEP, height: int = 460, on_page: bool = False
) -> Any:
    """Looks from left to right, values upwards, colour: the share of the values in a bin; an empty bin has none.

    Args:
        looks: As for `histogram_ridges`. All are in it: within a bin of its own each is taken as evenly spread, and
            neighbours are put together where there are more than columns.
    """
    found = spread_of(looks, axis)
    if not len(found.places):
        return empty_figure(f"no histograms of {name} yet")
    load_backend()
    scale = scale_for(found.shares[found.shares > 0])
    cells = _density_cells(found)
    cells["shade"] = scale.shades(cells["share"])
    image = hv.Rectangles(cells, ["x0", "y0", "x1", "y1"], ["shade", "share", "at", "value"]).opts(
        backend="bokeh", color="shade", cmap=CMAP, clim=scale.limits, colorbar=True,
        clabel=" " if on_page else "share of the values",
        colorbar_opts=color_bar(scale), tools=["hover"], hooks=[_seamless],
        hover_tooltips=[(str(axis), "@at{0,0}"), ("value", "@value{0.[0000]e+0}"), ("share", "@share{0.00%}")],
    )  # fmt: skip
    limits = {
        "xlim": (found.edges[0], found.edges[-1]),
        "ylim": (found.value_edges[0], found.value_edges[-1]),
    }
    options = _options(height, AXIS_WORDS[axis], f"value of {name}")
    return hv.Overlay([image]).opts(hv.opts.Overlay(backend="bokeh", **options, **limits, show_legend=False))


def _density_cells(found: Spread) -> dict[str, Any]:
    column, row = np.nonzero(found.shares > 0)
    middles = (found.value_edges[:-1] + found.value_edges[1:]) / 2
    return {
        "x0": found.edges[column], "x1": found.edges[column + 1],
        "y0": found.value_edges[row], "y1": found.value_edges[row + 1],
        "share": found.shares[column, row], "at": found.places[column], "value": middles[row],
    }  # fmt: skip


def _options(height: int, x: str, y: str) -> dict[str, Any]:
    return {
        "responsive": True, "min_height": height, "height": height, "xlabel": x, "ylabel": y, "toolbar": "above",
        "default_tools": ["pan", "box_zoom", "wheel_zoom", "reset"], "active_tools": [], "hooks": [_calm],
    }  # fmt: skip


def _seamless(plot: Any, _element: Any) -> None:
    """Without a line of its own colour each cell lets the paper shine through at its edges."""
    glyph = plot.handles["glyph_renderer"].glyph
    glyph.line_color, glyph.line_width = glyph.fill_color, 0.6


def _calm(plot: Any, _element: Any) -> None:
    calm_figure(plot.state)
    plot.state.ygrid.visible = False
