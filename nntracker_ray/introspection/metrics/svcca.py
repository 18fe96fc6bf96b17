"""How far a layer has come since earlier looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn, only
from nntracker_ray.introspection.metrics.cca import main_directions, similarity
from nntracker_ray.introspection.topics import Topic

MOST_POINTS = 1024
MOST_LOOKS = 32
MOST_BYTES = 4 * 2**20  # of one layer

Looks = dict[int, NDArray[np.float32]]  # by step, ascending: (points, directions)


class Svcca(BuiltIn):
    """Similarity of a layer with itself at earlier looks, by SVCCA.

    Formula: mean canonical correlation of the activations for the same points, 1 for layers that differ by an
    invertible linear map only; before it, each look keeps the fewest directions of an SVD of the centred activations
    that hold `variance` of theirs. Every row and position is a point, up to `points` of them, spread evenly over all,
    the same ones at every look. The earlier looks that are kept, at most 32 and 4 MiB a layer, are thinned out evenly.
    Recorded as "svcca", (2, n): steps of earlier looks and the similarity with each, and "svcca_last", that with the
    look before; NaN where a layer gives the same for all points, or what is not finite. With hardly more points than
    directions everything looks alike: have several times as many probe rows as a dense layer has units.
    Source: Raghu, Gilmer, Yosinski, Sohl-Dickstein, "SVCCA: Singular Vector Canonical Correlation Analysis for Deep
    Learning Dynamics and Interpretability" (2017), section 2.
    """

    name = "svcca"
    topics = (Topic.PROBE_ACTIVATIONS,)
    default_epochs = 1

    def __init__(self, *, variance: float = 0.99, points: int = MOST_POINTS) -> None:
        self.variance = conf.number("variance", variance, 0.01, 1.0)
        self.points = conf.whole("points", points, 2, MOST_POINTS)
        self._looks: dict[str, Looks] = {}

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The activations of the chosen points, (points, units)."""
        return {"activations": ops.sampled_rows(only(values), self.points)}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """Similarities with what is kept; nothing at the first look."""
        looks = self._looks.setdefault(f"{message.layer}/{message.tensor}", {})
        now = main_directions(message.value, self.variance)
        found = [(step, similarity(before, now)) for step, before in looks.items()]
        looks[message.stamp.step] = now.astype(np.float32)
        thin_out(looks)
        if not found:
            return {}
        return {"svcca": np.array(found, np.float64).T, "svcca_last": found[-1][1]}

    def memory(self) -> Mapping[str, NDArray[Any]]:
        """Each look by "layer/tensor/step"."""
        return {
            f"{place}/{step}": look for place, looks in self._looks.items() for step, look in looks.items()
        }

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        self._looks = {}
        for key, look in memory.items():
            place, _, step = key.rpartition("/")
            self._looks.setdefault(place, {})[int(step)] = look
        self._looks = {place: dict(sorted(looks.items())) for place, looks in self._looks.items()}


def thin_out(looks: Looks) -> None:
    """Forget looks until the rest is within bounds: each time one whose neighbours are nearest, never the last."""
    while len(looks) > 1 and (
        len(looks) > MOST_LOOKS or sum(look.nbytes for look in looks.values()) > MOST_BYTES
    ):
        del looks[_most_crowded(list(looks))]


def _most_crowded(steps: list[int]) -> int:
    """The step between the two that are nearest to each other; the first one where there is nothing between."""
    if len(steps) < 3:
        return steps[0]
    gaps = [later - earlier for earlier, later in zip(steps, steps[2:], strict=False)]
    return steps[1 + gaps.index(min(gaps))]
