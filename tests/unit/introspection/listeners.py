"""Small subscribers, and what they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from nntracker_ray.introspection import Message, Stamp, Subscriber, Value
from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import Observed

STAMP = Stamp(epoch=2, step=300, measured_at=datetime(2026, 3, 1, 12, tzinfo=UTC))


class Listener(Subscriber):
    """Answers as a test says, and keeps what it has heard."""

    def __init__(self, *topics: str, answer: Callable[[Message], Any] = lambda _: {}) -> None:
        self.topics, self._answer = topics, answer
        self.heard: list[Message] = []

    def measure(self, message: Message) -> Mapping[str, Value]:
        self.heard.append(message)
        found: Mapping[str, Value] = self._answer(message)
        return found


class Gatherer(Listener):
    """Gets the values of all layers together."""

    gathers: ClassVar[bool] = True


def subscribed(subscriber: Subscriber, **observed: Any) -> Subscription:
    return Subscription(Observed("listener", **observed), subscriber)


def of_layer(subscription: Subscription, layer: str, **values: Any) -> Reduced:
    return Reduced(subscription, values, layer, "kernel", 0)
