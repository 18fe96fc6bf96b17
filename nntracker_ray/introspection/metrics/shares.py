"""Shares of a layer's outputs that have stopped saying anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import OfOneTensor, only
from nntracker_ray.introspection.topics import Topic

GIVEN_BY_UNITS = (Topic.ACTIVATIONS, Topic.PROBE_ACTIVATIONS, Topic.OUTPUTS)


class ZeroShare(OfOneTensor):
    """Share of the values that are exactly 0: of activations behind ReLU those that let no gradient through.

    Formula: #{x_i = 0} / n; NaN of nothing. NaN is not 0.
    Source: Glorot, Bordes, Bengio, "Deep Sparse Rectifier Neural Networks" (2011), their sparsity.
    """

    name = "zero_share"
    topics = (Topic.ACTIVATIONS,)

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The share."""
        known = ops.statistics(only(values))
        return {"zero_share": known["zeros"] / known["size"]}


class DeadShare(OfOneTensor):
    """Share of the units that give exactly 0 for every row of the batch and at every position.

    Formula: #{units u: x_ru = 0 for all rows r} / #units, units along the last axis; NaN of an empty batch.
    Source: Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models" (2013);
    CS231n notes, "Neural Networks Part 1", on ReLU units that die.
    """

    name = "dead_share"
    allowed = GIVEN_BY_UNITS

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The share."""
        return {"dead_share": ops.share_of_dead_units(only(values))}


class SaturatedShare(OfOneTensor):
    """Share of the values at the ends of a bounded activation, where its slope is all but gone.

    Formula: #{|x_i| > threshold or x_i < low} / n; NaN of nothing. The default suits tanh and softsign, which lie
    between -1 and 1; for a sigmoid, between 0 and 1, give `low`: 0.01 as well. It means nothing of ReLU.
    Source: Glorot, Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks" (2010),
    section 3.
    """

    name = "saturated_share"
    allowed = GIVEN_BY_UNITS

    def __init__(self, *, threshold: float = 0.99, low: float | None = None) -> None:
        self.threshold = conf.number("threshold", threshold, 0.0, math.inf)
        self.low = -math.inf if low is None else conf.number("low", low, -math.inf, math.inf)
        if self.low > self.threshold:
            raise BadInputError(f"low is {low!r}; it must not be above threshold, {self.threshold:g}")

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The share."""
        return {"saturated_share": ops.share_beyond(only(values), self.low, self.threshold)}
