"""Singular values of a tensor as a matrix whose columns are its last axis: for kernels, the units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import OfOneTensor, only


class SpectralNorm(OfOneTensor):
    """Largest singular value, by power iteration.

    Formula: sigma_max(A) = max |A v| / |v|, A of shape (all axes but the last, last axis); the root of the largest
    eigenvalue of A^T A, iterated from the same start vectors at every look until |A^T A v - lambda v| is at most
    `tolerance` times lambda, which bounds the relative error of sigma by half of that. After `iterations` without
    success it is the value so far, which is too small. Of a convolution it is that of its kernel, not of its map.
    Source: Golub, Van Loan, "Matrix Computations" (4th edition, 2013), section 8.2.4 (several vectors at once); for
    kernels as matrices Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018).
    """

    name = "spectral_norm"

    def __init__(self, *, iterations: int = 1000, tolerance: float = 1e-6) -> None:
        self.iterations = conf.whole("iterations", iterations, 1, 100_000)
        self.tolerance = conf.number("tolerance", tolerance, 1e-12, 1.0)

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The norm."""
        return {"spectral_norm": ops.spectral_norm(only(values), self.iterations, self.tolerance)}


class ConditionNumber(OfOneTensor):
    """Largest by least singular value.

    Formula: sigma_max(A) / sigma_min(A), A as in `SpectralNorm`; inf where sigma_min is 0, NaN where a value is not
    finite. Of a matrix of lower rank sigma_min is seldom exactly 0 in float64: more than 1e15 says the same.
    Source: Golub, Van Loan, "Matrix Computations" (4th edition, 2013), section 2.6.2.
    """

    name = "condition_number"
    default_epochs = 1

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The ratio."""
        return {"condition_number": ops.condition_number(only(values))}
