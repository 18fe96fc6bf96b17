"""Numbers of single layers, drawn together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn


class MeanOverLayers(BuiltIn):
    """Mean of another metric over all layers that have it at a step.

    Formula: (1/n) sum of the n numbers of one step, NaN if one of them is; recorded as "weights/mean_over_layers" for
    `of`: weights/mean, which must be measured as well.
    Source: see `Mean`.
    """

    name = "mean_over_layers"
    gathers = True

    def __init__(self, *, of: str | Sequence[str]) -> None:
        self.topics = conf.words("of", of)

    def measure(self, message: Message) -> Mapping[str, Value]:
        """A mean for each metric that came."""
        came = {
            topic: [float(value) for value in values.values()] for topic, values in message.values.items()
        }
        return {f"{topic}_over_layers": float(np.mean(numbers)) for topic, numbers in came.items() if numbers}
