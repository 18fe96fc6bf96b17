"""The thread in which subscribers work while the training goes on."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nntracker_ray.introspection.bus import Delivery, Reduced
from nntracker_ray.introspection.messages import Stamp
from nntracker_ray.introspection.series import Makers
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import MetricArray, MetricPoint

# So many looks may wait for the thread; then the training waits, and their budgets end the slow ones.
WAITING_LOOKS: Final = 4
_TICK_S: Final = 0.02
# The training has begun its next step by then, and needs no interpreter until that is made. At once both would want it.
_HEAD_START_S: Final = 0.0005

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was seen at one step."""

    stamp: Stamp
    seen: Callable[[], list[Reduced]]  # copies it from the device
    due: Sequence[Subscription]


class Beside:
    """Works looks off one after the other, and keeps what is to be recorded until the training asks for it.

    A subscriber that does not come back within its `limit_s` is suspended and its thread given up; another thread
    goes on with what that look has left.
    """

    def __init__(self) -> None:
        self.worked_s = 0.0
        self._looks: queue.Queue[Look | None] = queue.Queue()
        self._records: deque[MetricPoint | MetricArray] = deque()
        self._makers = Makers()
        self._worker: _Worker | None = None
        self._open = 0  # looks that are not worked off yet

    def put(self, look: Look) -> float:
        """Hand a look over. Returns seconds that the training has waited for room."""
        began = time.perf_counter()
        if self._worker is None:
            self._worker = _Worker(self._looks, self._makers)
        self._collect()
        while self._open >= WAITING_LOOKS:
            self._wait()
        self._open += 1
        self._looks.put(look)
        return time.perf_counter() - began

    def settle(self) -> float:
        """Wait until all looks are worked off, or their subscribers are suspended. Returns seconds waited."""
        began = time.perf_counter()
        while self._open:
            self._wait()
        return time.perf_counter() - began

    def take(self) -> list[MetricPoint | MetricArray]:
        """What has become of the looks since this was asked."""
        self._collect()
        found = list(self._records)
        self._records.clear()
        return found

    def close(self) -> None:
        """End the thread; a subscriber that hangs keeps its own until the process ends."""
        if self._worker is not None:
            self._looks.put(None)
            self._worker = None

    def _collect(self) -> None:
        while self._worker is not None and self._worker.done:
            records, seconds = self._worker.done.popleft()
            self._records.extend(records)
            self.worked_s += seconds
            self._open -= 1

    def _wait(self) -> None:
        worker = self._worker
        assert worker is not None, "looks are open"  # noqa: S101 - for the type checker
        worker.tick.wait(_TICK_S)
        worker.tick.clear()
        self._collect()
        if self._open and (delivery := worker.delivery) is not None and _is_late(delivery):
            worker.given_up = True
            self._worker = _Worker(self._looks, self._makers, goes_on=delivery)


def _is_late(delivery: Delivery) -> bool:
    """Whether the subscriber at work has not come back in time; it is suspended then."""
    if (at_work := delivery.at_work) is None:
        return False
    subscription, since = at_work
    limit_s = subscription.observed.limit_s
    if time.perf_counter() - since <= limit_s:
        return False
    # It may be suspended already, for its budget; that it hangs must be seen all the same.
    delivery.at_work = None
    subscription.suspend(f"one look has taken more than {limit_s:g} s", delivery.step)
    _log.warning("the metric %s is suspended: it does not come back", subscription.observed.metric)
    return True


class _Worker:
    """One thread, until it is given up."""

    def __init__(
        self, looks: queue.Queue[Look | None], makers: Makers, goes_on: Delivery | None = None
    ) -> None:
        self.done: deque[tuple[list[MetricPoint | MetricArray], float]] = deque()
        self.given_up = False
        self.delivery: Delivery | None = None
        self.tick = threading.Event()
        self._looks, self._makers = looks, makers
        threading.Thread(target=self._work, args=(goes_on,), name="introspection", daemon=True).start()

    def _work(self, delivery: Delivery | None) -> None:
        while True:
            look = None if delivery is not None else self._looks.get()
            if delivery is None and look is None:
                return
            if look is not None and self._looks.empty():  # who is behind has none to give
                time.sleep(_HEAD_START_S)
            began = time.perf_counter()
            if look is not None:
                delivery = _opened(look, self._makers)
            self.delivery = delivery
            if delivery is not None:
                delivery.run(lambda: not self.given_up)
            if self.given_up:
                return
            self.done.append((delivery.records if delivery else [], time.perf_counter() - began))
            self.delivery = delivery = None
            self.tick.set()


def _opened(look: Look, makers: Makers) -> Delivery | None:
    try:
        return Delivery(look.stamp, look.seen(), look.due, makers=makers)
    except Exception as error:
        _log.exception("a look could not be copied from the device")
        for one in look.due:
            one.suspend(f"the look failed: {error!r}", look.stamp.step)
        return None
