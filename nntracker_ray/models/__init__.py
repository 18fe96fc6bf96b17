"""Models: strict schema, builder, arrays, store, and the catalog of optimizers, losses and metrics."""

from nntracker_ray.models.arrays import LayerVariable, layer_arrays, layer_variables
from nntracker_ray.models.fit import check_fits
from nntracker_ray.models.limits import DEFAULT_LIMITS, ModelLimits
from nntracker_ray.models.load import build_model
from nntracker_ray.models.schema import LayerInfo, ModelDescription, parse_model
from nntracker_ray.models.store import ModelStore

__all__ = [
    "DEFAULT_LIMITS",
    "LayerInfo",
    "LayerVariable",
    "ModelDescription",
    "ModelLimits",
    "ModelStore",
    "build_model",
    "check_fits",
    "layer_arrays",
    "layer_variables",
    "parse_model",
]
