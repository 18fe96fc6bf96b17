"""A metric of one's own: how few of a layer's values carry its size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntracker_ray.introspection import Message, Subscriber, Value


class HoyerSparsity(Subscriber):
    """Hoyer sparsity: 0 where all values are of one size, 1 where only one of them is not 0.

    Formula: (sqrt(n) - |x|_1 / |x|_2) / (sqrt(n) - 1); NaN of fewer than two values, and where all are 0. Values
    nearer to 0 than `below` count as 0. Recorded as "weights/hoyer", "activations/hoyer", ...
    Source: Hoyer, "Non-negative Matrix Factorization with Sparseness Constraints" (2004), section 3.1.
    """

    any_tensor = True  # users choose topics; each gets an instance of its own

    def __init__(self, *, below: float = 0.0) -> None:
        if below < 0:
            raise ValueError(f"below is {below}; it must be 0 or more")
        self.below = below

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """Three numbers leave the device instead of the array."""
        (tensor,) = values.values()
        size = ops.abs(ops.cast(tensor, "float32"))
        size = ops.where(size < self.below, ops.zeros_like(size), size)
        return {"l1": ops.sum(size), "l2": ops.sqrt(ops.sum(ops.square(size))), "count": ops.size(size)}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The sparsity, of what `reduce` gave."""
        l1, l2, count = (np.float64(message.values[key]) for key in ("l1", "l2", "count"))
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"hoyer": float((np.sqrt(count) - l1 / l2) / (np.sqrt(count) - 1))}
