"""From what a look has seen to what is recorded: every subscriber gets its messages, and hears the others."""

from __future__ import annotations

import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from nntracker_ray.introspection.messages import Message, Stamp
from nntracker_ray.introspection.results import answer_of
from nntracker_ray.introspection.series import Makers
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import MetricArray, MetricPoint

MOST_ROUNDS: Final = 16  # subscribers that hear each other in a circle come to an end

_log = logging.getLogger(__name__)

Place: TypeAlias = tuple[str, str]  # layer, tensor


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """What `reduce` of one subscriber has made of one bundle."""

    subscription: Subscription
    values: Mapping[str, Any]  # NumPy
    layer: str = ""
    tensor: str = ""
    layer_index: int = -1


class Delivery:
    """Everybody's messages of one step. What fails is suspended, and nothing else is.

    Who publishes is heard before who listens, whatever their order. `records` is what is to be recorded so far.

    Args:
        seen: What came of the look, in the order of the layers.
        due: Who takes part in this step, those that hear others only among them.
        makers: Who records which series of the run.
    """

    def __init__(
        self,
        stamp: Stamp,
        seen: Iterable[Reduced],
        due: Sequence[Subscription],
        *,
        makers: Makers | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._makers = makers or Makers()
        self.records: list[MetricPoint | MetricArray] = []
        self.at_work: tuple[Subscription, float] | None = None  # who, and since when by the clock
        self._stamp, self._clock = stamp, clock
        self._first: deque[Reduced] = deque()
        listening = [one for one in due if one.others]
        self._waiting: dict[int, dict[Place, Reduced]] = {id(one): {} for one in listening}
        for one in seen:
            if one.subscription.others:
                self._waiting[id(one.subscription)][one.layer, one.tensor] = one
            else:
                self._first.append(one)
        self._chained = [one for one in listening if not one.subscriber.gathers]
        self._gathering = [one for one in listening if one.subscriber.gathers]
        self._board: dict[str, dict[Place, tuple[int, Any]]] = defaultdict(dict)
        self._done: set[tuple[int, Place]] = set()

    @property
    def step(self) -> int:
        """The step that all of it is about."""
        return self._stamp.step

    def run(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Deliver all that is left, as long as that is wanted; another thread may go on where one hangs."""
        while alive() and self._first:
            self._send(self._first.popleft())
        for _ in range(MOST_ROUNDS):
            if not (self._hand_on(alive) or self._gather(alive)):
                break

    def _send(self, one: Reduced) -> None:
        subscription = one.subscription
        if not subscription.takes_part():
            return
        message = Message(self._stamp, one.values, one.layer, one.tensor, one.layer_index)
        began = self._clock()
        self.at_work = mine = subscription, began
        try:
            answer = answer_of(subscription.topics[0], message, subscription.subscriber.measure(message))
            self._makers.claim(subscription, answer.records)
        except Exception as error:
            # It may have been suspended meanwhile, for taking too long; that reason stays.
            subscription.suspend(f"{type(error).__name__}: {error}", self._stamp.step)
            _log.warning("the metric %s is suspended", subscription.observed.metric, exc_info=True)
            return
        finally:
            subscription.measured_s += self._clock() - began
            if self.at_work is mine:  # and not another thread's, that has gone on where this one hung
                self.at_work = None
        if not subscription.takes_part():
            return
        self.records += answer.records
        subscription.results.update(record.metric for record in answer.records)
        for topic, value in answer.published.items():
            self._board[topic][one.layer, one.tensor] = one.layer_index, value

    def _hand_on(self, alive: Callable[[], bool]) -> bool:
        """Deliver what others have published; whether there was anything new."""
        news = False
        for subscription in self._chained:
            for place, index in self._places(subscription).items():
                own = self._waiting[id(subscription)].get(place)
                key = id(subscription), place
                if key in self._done or (own is None and subscription.traced) or not alive():
                    continue
                self._done.add(key)
                heard = {topic: self._board[topic][place][1] for topic in subscription.others}
                values = {**(own.values if own else {}), **heard}
                self._send(Reduced(subscription, values, *place, index))
                news = True
        return news

    def _gather(self, alive: Callable[[], bool]) -> bool:
        """Deliver the values of all layers in one message; whether there was anything new."""
        news = False
        for subscription in self._gathering:
            key = id(subscription), ("", "")
            missing = not all(self._board.get(topic) for topic in subscription.others)
            if key in self._done or missing or not alive():
                continue
            self._done.add(key)
            values = {topic: self._wanted(subscription, topic) for topic in subscription.others}
            self._send(Reduced(subscription, values))
            news = True
        return news

    def _places(self, subscription: Subscription) -> dict[Place, int]:
        """Where all of its topics have been published, with the index of the layer."""
        first, *rest = (self._board.get(topic, {}) for topic in subscription.others)
        return {
            place: index
            for place, (index, _) in list(first.items())
            if all(place in board for board in rest) and (not place[0] or subscription.wants(place[0]))
        }

    def _wanted(self, subscription: Subscription, topic: str) -> dict[Place, Any]:
        board = self._board[topic]
        return {place: value for place, (_, value) in board.items() if subscription.wants(place[0])}
