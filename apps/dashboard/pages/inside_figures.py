"""From what was read of the inside of a run to its figures, each with the words that stand above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.dashboard.pages.inside_shown import Shown
from nntracker_ray.figures.inside_heat import heat_map
from nntracker_ray.figures.inside_histograms import histogram_density, histogram_ridges, ridges_title
from nntracker_ray.figures.inside_lines import lines_chart, ratio_chart
from nntracker_ray.figures.inside_numbers import WHOLE_RUN, LayerSeries, cells_of, layer_series
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.inside_similarity import similarity_matrix
from nntracker_ray.figures.lines import Chart
from nntracker_ray.storage.metric_array_queries import StoredArrays
from nntracker_ray.storage.tables import Columns


@dataclass(frozen=True, slots=True)
class Figure:
    """What is drawn in one card."""

    words: str  # how it is to be read
    make: Callable[[], Any]  # gives the HoloViews object


def chart_of(shown: Shown, columns: Columns) -> Chart:
    """Lines, or the ratio of updates to weights with its target."""
    series = series_of(shown, columns)
    if shown.picture is Picture.RATIO:
        return ratio_chart(series, axis=shown.axis)
    return lines_chart(series, shown.metric, axis=shown.axis, scale=shown.scale)


def series_of(shown: Shown, columns: Columns) -> tuple[LayerSeries, ...]:
    """What is shown of the numbers, in the model's order."""
    order = list(dict.fromkeys(one.layer for one in shown.series))
    return layer_series(columns, shown.metric, tensor=shown.tensor, layers=shown.layers, order=order)


def figures_of(shown: Shown, found: Columns | StoredArrays) -> Sequence[Figure]:
    """Of every picture that is not lines."""
    if not isinstance(found, StoredArrays):
        return [_heat(shown, found)]
    name = shown.name if shown.picture is Picture.HISTOGRAM else shown.layers[0] or WHOLE_RUN
    looks, axis = found.arrays, shown.axis
    few = (
        f"; {len(looks):,} of {found.points:,} looks were read, evenly chosen"
        if found.points > len(looks)
        else ""
    )
    if shown.picture is Picture.SIMILARITY:
        words = "each look against each other one; 1 where the layer represents the same" + few
        return [Figure(words, lambda: similarity_matrix(looks, name=name, axis=axis))]
    return [
        Figure(ridges_title(len(looks)) + few, lambda: histogram_ridges(looks, name=name, axis=axis, on_page=True)),
        Figure(f"all looks; colour: share of the values{few}",
               lambda: histogram_density(looks, name=name, axis=axis, height=RIDGES_HEIGHT, on_page=True)),
    ]  # fmt: skip


RIDGES_HEIGHT = 460  # so that the two beside each other are equally high


def _heat(shown: Shown, columns: Columns) -> Figure:
    cells = cells_of(series_of(shown, columns), shown.axis)
    words = "colour: the value"
    if cells.grouped > 1:
        words += f" of the newest look of each {cells.grouped} {shown.axis}s"
    elif cells.looks.max(initial=0) > 1:
        words += f" of the newest look of each {shown.axis}"
    return Figure(
        words, lambda: heat_map(cells, shown.metric, axis=shown.axis, scale=shown.scale, on_page=True)
    )
