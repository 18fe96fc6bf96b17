"""How the loss curves in its steepest directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn, only
from nntracker_ray.introspection.topics import Topic

SEED = 20_240_229


class HessianEigenvalues(BuiltIn):
    """Eigenvalues of largest magnitude of the Hessian of the batch's loss, by power iteration with deflation.

    Formula: v <- H v / |H v|, lambda = v^T H v, each next vector held orthogonal to those before; until
    |H v - lambda v| <= tolerance |lambda|, or for `iterations` turns, each of which costs about two gradients.
    Recorded as "hessian/eigenvalue_1", ..., signed, and "hessian/residual_1", ...: |H v - lambda v| / |lambda|, which
    stays large where two eigenvalues differ in little but their sign. Begun from the same vectors at every look.
    Source: Golub, Van Loan, "Matrix Computations" (4th edition, 2013), section 8.2; Yao et al., "PyHessian" (2020),
    section 3; products by Pearlmutter, "Fast Exact Multiplication by the Hessian" (1994).
    """

    name = "hessian_eigenvalues"
    topics = (Topic.LOSS_SURFACE,)
    default_epochs = 1

    def __init__(self, *, count: int = 1, iterations: int = 50, tolerance: float = 1e-3) -> None:
        self.count = conf.whole("count", count, 1, 20)
        self.iterations = conf.whole("iterations", iterations, 1, 100_000)
        self.tolerance = conf.number("tolerance", tolerance, 1e-12, 1.0)

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """Eigenvalues and their residuals, (k,) each; k is less than `count` for fewer weights only."""
        surface = only(values)
        weights = sum(int(np.prod(shape)) for shape in surface.shapes)
        draw = np.random.default_rng(SEED)
        known: list[list[Any]] = []
        found = []
        for _ in range(min(self.count, weights)):
            start = [np.float32(draw.standard_normal(shape)) for shape in surface.shapes]
            vector, *pair = self._steepest(
                surface, [ops.convert_to_tensor(array) for array in start], known, ops
            )
            known.append(vector)
            found.append(pair)
        eigenvalues, residuals = np.array(found, np.float64).reshape(-1, 2).T
        return {"eigenvalues": eigenvalues, "residuals": residuals}

    def _steepest(
        self, surface: Any, vector: list[Any], known: list[list[Any]], ops: Any
    ) -> tuple[list[Any], float, float]:
        """An eigenvector orthogonal to those known, its eigenvalue and the relative residual."""
        vector = unit(without(vector, known, ops), ops)
        eigenvalue, residual = 0.0, 0.0
        for _ in range(self.iterations):
            image = without(surface.curvature(vector), known, ops)
            eigenvalue = float(ops.inner_product(vector, image))
            rest = sum_of(image, -eigenvalue, vector, ops)
            residual = float(ops.inner_product(rest, rest)) ** 0.5
            length = float(ops.inner_product(image, image)) ** 0.5
            # Written so that NaN ends it as well: nothing follows from it but NaN.
            if not residual > self.tolerance * abs(eigenvalue) or not np.isfinite(length):
                break
            vector = unit(image, ops)
        return vector, eigenvalue, relative(residual, eigenvalue)

    def measure(self, message: Message) -> Mapping[str, Value]:
        """Each eigenvalue and residual by its place, 1 for the largest."""
        found: dict[str, Value] = {}
        for place, value in enumerate(message.values["eigenvalues"], start=1):
            found[f"hessian/eigenvalue_{place}"] = float(value)
            found[f"hessian/residual_{place}"] = float(message.values["residuals"][place - 1])
        return found


def relative(residual: float, eigenvalue: float) -> float:
    """By the eigenvalue's size; of a flat loss, where both are 0, it is 0."""
    if residual == 0:
        return 0.0
    return residual / abs(eigenvalue) if eigenvalue else float("inf")


def unit(vector: list[Any], ops: Any) -> list[Any]:
    """The vector with length 1, in its own dtype; of length 0 it stays."""
    length = float(ops.inner_product(vector, vector)) ** 0.5
    return [array / number(length or 1.0, array, ops) for array in vector]


def without(vector: list[Any], known: list[list[Any]], ops: Any) -> list[Any]:
    """The vector less its parts along the known ones, which have length 1."""
    for other in known:
        vector = sum_of(vector, -float(ops.inner_product(vector, other)), other, ops)
    return vector


def sum_of(vector: list[Any], factor: float, other: list[Any], ops: Any) -> list[Any]:
    """vector + factor * other, in the dtypes of `vector`."""
    pairs = zip(vector, other, strict=True)
    return [one + number(factor, one, ops) * ops.cast(two, one.dtype) for one, two in pairs]


def number(value: float, array: Any, ops: Any) -> Any:
    """In the dtype of the array; Keras' own cast would take it through float32."""
    return ops.convert_to_tensor(value, array.dtype)
