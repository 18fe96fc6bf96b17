"""Where the values of a tensor lie, and how far they are spread."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import OfOneTensor, only


class Mean(OfOneTensor):
    """Mean of all values of a tensor.

    Formula: (1/n) sum x_i; NaN of nothing.
    Source: any textbook of statistics, e.g. Wasserman, "All of Statistics" (2004), chapter 3.
    """

    name = "mean"

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The mean."""
        return {"mean": ops.statistics(only(values))["mean"]}


class Sum(OfOneTensor):
    """Sum of all values of a tensor.

    Formula: sum x_i, added in float64; 0 of nothing.
    Source: see `Mean`.
    """

    name = "sum"

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The sum."""
        return {"sum": ops.statistics(only(values))["sum"]}


class Variance(OfOneTensor):
    """Unbiased variance of all values of a tensor.

    Formula: sum (x_i - mean)^2 / (n - 1); NaN of fewer than two values. In two passes, or as (sum x_i^2 - n mean^2) /
    (n - 1) where no more than two of float64's digits can cancel.
    Source: Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance" (1983), the two-pass and the textbook
    algorithm with their error bounds.
    """

    name = "variance"

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The variance."""
        return {"variance": ops.statistics(only(values))["variance"]}


class Norm(OfOneTensor):
    """p-norm of a tensor as one long vector; of gradients the gradient norm.

    Formula: (sum |x_i|^p)^(1/p); max |x_i| for p = inf. Recorded as "norm" for p = 2, else as "norm_1", "norm_inf".
    Source: Golub, Van Loan, "Matrix Computations" (4th edition, 2013), section 2.2.
    """

    name = "norm"

    def __init__(self, *, p: float | Literal["inf"] = 2.0) -> None:
        self.p = conf.number("p", p, 1.0, math.inf)
        self.key = "norm" if self.p == 2 else f"norm_{self.p:g}"

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The norm."""
        return {self.key: ops.p_norm(only(values), self.p)}
