"""How the gradient of an array turns from look to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn
from nntracker_ray.introspection.topics import Topic

GRADIENTS = (Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS)


class GradientCosine(BuiltIn):
    """Cosine between the gradient of an array and the one at the look before.

    Formula: <g, h> / (|g| |h|), from the second look on; NaN where one of them is 0. Near 1 the training goes
    straight on, below 0 it swings. Each look copies the gradients to the host; the last ones are kept in checkpoints.
    Source: Xing, Arpit, Tsirigotis, Bengio, "A Walk with SGD" (2018).
    """

    name = "gradient_cosine"

    def __init__(self, *, topics: str | Sequence[str] = (Topic.WEIGHT_GRADIENTS,)) -> None:
        self.topics = conf.topics("topics", topics, GRADIENTS, count=1)
        self._before: dict[str, NDArray[Any]] = {}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The cosine; nothing at the first look."""
        place = f"{message.layer}/{message.tensor}"
        gradient = _plain(np.asarray(message.value)).reshape(-1)
        before, self._before[place] = self._before.get(place), gradient
        if before is None or before.shape != gradient.shape:
            return {}
        return {"cosine": cosine(gradient, before)}

    def memory(self) -> Mapping[str, NDArray[Any]]:
        """The gradients of the last look, by "layer/tensor"."""
        return dict(self._before)

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        self._before = dict(memory)


def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Of two vectors of the same length; worked out in float64 without copies of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(_product(one, one)) * np.sqrt(_product(other, other))
        return float(np.clip(_product(one, other) / scale, -1.0, 1.0))


def _product(one: NDArray[Any], other: NDArray[Any]) -> np.float64:
    return np.float64(np.einsum("i,i->", one, other, dtype=np.float64))


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Half precision widened: NumPy has no arithmetic for all of its forms."""
    return array if array.dtype.itemsize >= 4 else array.astype(np.float32)
