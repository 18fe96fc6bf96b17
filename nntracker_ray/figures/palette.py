"""Colours and dashes of series: one meaning each, readable on white and on near-black."""

from __future__ import annotations

from nntracker_ray.figures.series import Series
from nntracker_ray.figures.views import Split

SERIES_COLORS = ("#3f83f8", "#ee8a2d", "#2aa876", "#9772ef", "#e0609e", "#1aa5bb", "#c39a1d", "#e25555")
"""In drawing order; each has a contrast of at least 2.3 : 1 (WCAG) with white and with the dark theme's #14181f."""

SPLIT_DASHES = {Split.TRAIN: "solid", Split.VALIDATION: "dashed", Split.TEST: "dotted"}
MARK_COLOR = "#d0443e"
BOTH_SIGNS = (  # below zero, zero, above: in the middle the paper shows through, by day and by night
    *(f"#ee8a2d{alpha:02x}" for alpha in range(255, 0, -8)),
    "#8a95a300",
    *(f"#3f83f8{alpha:02x}" for alpha in range(7, 256, 8)),
)
DEPTHS = ("#5b6ee1", "#3f83f8", "#1aa5bb", "#2aa876", "#c39a1d", "#ee8a2d")  # first layer to last


def color_of(series: Series, *, single_run: bool) -> str:
    """A run alone is coloured by split; runs side by side are coloured by run, and the dash tells the split."""
    if single_run:
        return color_of_split(series.split)
    return SERIES_COLORS[series.run_index % len(SERIES_COLORS)]


def color_of_split(split: Split) -> str:
    """Of a run alone."""
    return SERIES_COLORS[list(Split).index(split)]


def depth_colors(count: int) -> tuple[str, ...]:
    """A colour for each of so many layers, from the first to the last, all readable by day and by night."""
    channels = [[int(color[at : at + 2], 16) for color in DEPTHS] for at in (1, 3, 5)]
    places = [place * (len(DEPTHS) - 1) / max(1, count - 1) for place in range(count)]
    return tuple("#" + "".join(f"{round(_between(one, place)):02x}" for one in channels) for place in places)


def _between(values: list[int], place: float) -> float:
    first = min(int(place), len(values) - 2)
    return values[first] + (values[first + 1] - values[first]) * (place - first)
