"""Which tensors of a pass belong together in one message, for one subscription."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nntracker_ray.introspection.on_keras.network import Array, Network
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import ARRAY_TOPICS, CALL_TOPICS, STEP_TOPICS, Topic

_OF_WEIGHTS: Final = (Topic.WEIGHTS, Topic.WEIGHT_GRADIENTS, Topic.WEIGHT_UPDATES)
_OF_TRAINED: Final = (Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS)


@dataclass(slots=True, eq=False)
class Seen:
    """The tensors of one step by topic; those of arrays and calls by (layer, tensor), those of the step in order."""

    arrays: dict[str, dict[tuple[str, str], Any]] = field(default_factory=dict)
    calls: dict[str, dict[tuple[str, str], Any]] = field(default_factory=dict)
    steps: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """The tensors of one message, by topic."""

    layer: str
    tensor: str
    layer_index: int
    values: Mapping[str, Any]


def arrays_wanted(subscription: Subscription, network: Network) -> Iterator[Array]:
    """The arrays that a subscription looks at, if it looks at arrays."""
    topics = [topic for topic in subscription.traced if topic in ARRAY_TOPICS]
    if not topics:
        return
    for array in network.arrays:
        fits = all((topic in _OF_WEIGHTS) == array.is_weight for topic in topics)
        is_trained = array.trained_as is not None or not any(topic in _OF_TRAINED for topic in topics)
        if fits and is_trained and subscription.wants(array.layer):
            yield array


def bundles(subscription: Subscription, network: Network, seen: Seen) -> Iterator[Bundle]:
    """The messages of a subscription, in the order of the layers; those that lack a topic are none."""
    topics = subscription.traced
    of_arrays = [topic for topic in topics if topic in ARRAY_TOPICS]
    of_calls = [topic for topic in topics if topic in CALL_TOPICS]
    of_steps = [topic for topic in topics if topic in STEP_TOPICS]
    if of_arrays:
        for array in arrays_wanted(subscription, network):
            place = array.layer, array.tensor
            found = {topic: seen.arrays.get(topic, {}).get(place) for topic in of_arrays}
            found |= {topic: seen.calls.get(topic, {}).get((array.layer, "")) for topic in of_calls}
            found |= {topic: _only(seen, topic, 0) for topic in of_steps}
            yield from _whole(*place, array.layer_index, found)
    elif of_calls:
        index = {one.name: one.index for one in network.called}
        for place in seen.calls.get(of_calls[0], {}):
            if subscription.wants(place[0]):
                found = {topic: seen.calls.get(topic, {}).get(place) for topic in of_calls}
                found |= {topic: _only(seen, topic, 0) for topic in of_steps}
                yield from _whole(*place, index[place[0]], found)
    elif of_steps:
        for number in range(max(len(seen.steps.get(topic, ())) for topic in of_steps)):
            found = {topic: _only(seen, topic, number) for topic in of_steps}
            yield from _whole("", str(number) if number else "", -1, found)


def _only(seen: Seen, topic: str, number: int) -> Any:
    """One of several inputs or outputs; what there is once belongs to all."""
    given = seen.steps.get(topic, [])
    if len(given) == 1:
        return given[0]
    return given[number] if number < len(given) else None


def _whole(layer: str, tensor: str, index: int, found: dict[str, Any]) -> Iterator[Bundle]:
    if all(value is not None for value in found.values()):
        yield Bundle(layer, tensor, index, found)
