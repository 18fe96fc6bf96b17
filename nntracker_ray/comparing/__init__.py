"""Numbers of comparisons, worked out from arrays: groups of runs, differences, smoothing, parameters. Pure."""

from nntracker_ray.comparing.aggregate import Aggregate, aggregate
from nntracker_ray.comparing.axes import Axis, places_on
from nntracker_ray.comparing.curves import Curve, curve_of, curves_of, extended
from nntracker_ray.comparing.difference import Difference, difference_of, subtract
from nntracker_ray.comparing.parameters import Parameters, RunParameters, parameters_of
from nntracker_ray.comparing.scales import Scale, scale_of
from nntracker_ray.comparing.smoothing import smoothed
from nntracker_ray.comparing.thinning import band_places, column_places
from nntracker_ray.comparing.weights import WeightDifference, subtract_weights

__all__ = [
    "Aggregate",
    "Axis",
    "Curve",
    "Difference",
    "Parameters",
    "RunParameters",
    "Scale",
    "WeightDifference",
    "aggregate",
    "band_places",
    "column_places",
    "curve_of",
    "curves_of",
    "difference_of",
    "extended",
    "parameters_of",
    "places_on",
    "scale_of",
    "smoothed",
    "subtract",
    "subtract_weights",
]
