"""One tensor of a layer by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn
from nntracker_ray.introspection.topics import CALL_TOPICS, TENSOR_TOPICS, Topic

UPDATES_BY_WEIGHTS = (Topic.WEIGHT_UPDATES, Topic.WEIGHTS)
# Only topics of the same array, or of the same call, are ever delivered together; those of a step go with all.
MEETING = (
    {Topic.WEIGHTS, Topic.WEIGHT_GRADIENTS, Topic.WEIGHT_UPDATES},
    {Topic.BIASES, Topic.BIAS_GRADIENTS, Topic.BIAS_UPDATES},
    set(CALL_TOPICS),
)
OF_A_STEP = {Topic.INPUTS, Topic.OUTPUTS}


class Ratio(BuiltIn):
    """Ratio of the L2 norms of two topics of a layer; by default of its update to its weights.

    Formula: |a| / |b|, a of the first topic and b of the second; inf where only b is 0, NaN where both are. Recorded as
    "weight_updates/update_ratio" for the default topics, else as "ratio" of the first one.
    Source: CS231n notes, "Neural Networks Part 3", ratio of updates to weights (near 1e-3 a step).
    """

    name = "ratio"

    def __init__(self, *, topics: str | Sequence[str] = UPDATES_BY_WEIGHTS) -> None:
        self.topics = conf.topics("topics", topics, TENSOR_TOPICS, count=2)
        wanted = set(self.topics) - OF_A_STEP
        if wanted and not any(wanted <= together for together in MEETING):
            raise BadInputError(
                f"topics are {', '.join(self.topics)}; they are never of the same array or call. "
                "Try two of weights, or two of biases, or two of activations"
            )
        self.key = "update_ratio" if self.topics == UPDATES_BY_WEIGHTS else "ratio"

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """Both norms."""
        return {topic: ops.p_norm(values[topic], 2.0) for topic in self.topics}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The ratio."""
        above, below = (np.float64(message.values[topic]) for topic in self.topics)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {self.key: float(above / below)}
