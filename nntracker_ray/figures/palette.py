"""Colours and dashes of series: one meaning each, readable on white and on near-black."""

from __future__ import annotations

from nntracker_ray.figures.series import Series
from nntracker_ray.figures.views import Split

SERIES_COLORS = ("#3f83f8", "#ee8a2d", "#2aa876", "#9772ef", "#e0609e", "#1aa5bb", "#c39a1d", "#e25555")
"""In drawing order; each has a contrast of at least 2.3 : 1 (WCAG) with white and with the dark theme's #14181f."""

SPLIT_DASHES = {Split.TRAIN: "solid", Split.VALIDATION: "dashed", Split.TEST: "dotted"}
MARK_COLOR = "#d0443e"


def color_of(series: Series, *, single_run: bool) -> str:
    """A run alone is coloured by split; runs side by side are coloured by run, and the dash tells the split."""
    if single_run:
        return color_of_split(series.split)
    return SERIES_COLORS[series.run_index % len(SERIES_COLORS)]


def color_of_split(split: Split) -> str:
    """Of a run alone."""
    return SERIES_COLORS[list(Split).index(split)]
