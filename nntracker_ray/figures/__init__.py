"""DataFrames to HoloViews objects: the same figures in notebooks and in the web app.

Two steps each: `series` and `reduction` work out the numbers, `learning` only draws.
"""

from nntracker_ray.figures.histograms import histogram_bars, histogram_map
from nntracker_ray.figures.learning import (
    FORKS_LABEL,
    MARKS_LABEL,
    SMOOTH_LABEL,
    learning_curves,
    mark_height,
)
from nntracker_ray.figures.palette import SERIES_COLORS
from nntracker_ray.figures.rate_changes import RateChange
from nntracker_ray.figures.reduction import keep_extremes
from nntracker_ray.figures.series import Series, curve_series, known_metrics, split_of
from nntracker_ray.figures.tails import Tail
from nntracker_ray.figures.views import Axis, CurveView, Split, smoothed
from nntracker_ray.figures.weights3d import weights_scatter

__all__ = [
    "FORKS_LABEL",
    "MARKS_LABEL",
    "SERIES_COLORS",
    "SMOOTH_LABEL",
    "Axis",
    "CurveView",
    "RateChange",
    "Series",
    "Split",
    "Tail",
    "curve_series",
    "histogram_bars",
    "histogram_map",
    "keep_extremes",
    "known_metrics",
    "learning_curves",
    "mark_height",
    "smoothed",
    "split_of",
    "weights_scatter",
]
