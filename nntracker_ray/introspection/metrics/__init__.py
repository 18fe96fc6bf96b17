"""The metrics that come with NNTracker. None of them knows Keras: what needs a device is done by `ops`."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.introspection.metrics.accuracy import AccuracyOnTestSet, BatchAccuracy
from nntracker_ray.introspection.metrics.built_in import BuiltIn
from nntracker_ray.introspection.metrics.gradients import GradientCosine
from nntracker_ray.introspection.metrics.hessian import HessianEigenvalues
from nntracker_ray.introspection.metrics.histograms import ValueHistogram
from nntracker_ray.introspection.metrics.moments import Mean, Norm, Sum, Variance
from nntracker_ray.introspection.metrics.noise_scale import GradientNoiseScale
from nntracker_ray.introspection.metrics.over_layers import MeanOverLayers
from nntracker_ray.introspection.metrics.ratios import Ratio
from nntracker_ray.introspection.metrics.shares import DeadShare, SaturatedShare, ZeroShare
from nntracker_ray.introspection.metrics.spectra import ConditionNumber, SpectralNorm
from nntracker_ray.introspection.metrics.svcca import Svcca

ALL: tuple[type[BuiltIn], ...] = (
    Mean,
    Sum,
    Variance,
    Norm,
    SpectralNorm,
    ConditionNumber,
    ValueHistogram,
    ZeroShare,
    DeadShare,
    SaturatedShare,
    Ratio,
    GradientCosine,
    GradientNoiseScale,
    Svcca,
    HessianEigenvalues,
    BatchAccuracy,
    AccuracyOnTestSet,
    MeanOverLayers,
)
BUILT_IN: Mapping[str, type[BuiltIn]] = {metric.name: metric for metric in ALL}

__all__ = ["BUILT_IN", "BuiltIn"]
