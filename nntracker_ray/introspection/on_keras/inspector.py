"""Looks at steps for all subscriptions of a run, those that are due together in one compiled look."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.introspection.on_keras.device_ops import DeviceOps
from nntracker_ray.introspection.on_keras.forward import build_loss
from nntracker_ray.introspection.on_keras.network import Network
from nntracker_ray.introspection.on_keras.observation import Observation
from nntracker_ray.introspection.on_keras.surface import Surface
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import Topic

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Group:
    """The subscriptions of one cadence, and their compiled look."""

    subscriptions: tuple[Subscription, ...]
    observation: Observation
    is_compiled: list[bool]  # of the first half, of the second


@dataclass(slots=True, eq=False)
class Looking:
    """A look whose step is being made."""

    groups: list[tuple[Group, list[Any], list[Any]]]  # with what was reduced, and what the second half needs
    asked: list[Reduced]  # what those have got who asked the loss surface
    late: list[tuple[Group, list[Any], list[Any]]] | None = None

    def reduced(self) -> list[Reduced]:
        """Everything that was seen, on the host."""
        found = [*self.asked]
        for group, early, late in self.late or ():
            found += group.observation.reduced(early, late)
        return found


class Inspector:
    """The Keras side of the introspection: topics in, reduced tensors out.

    `looked_s` and `compiled_s` say what it has taken of the training's thread.

    Args:
        probe: Rows for PROBE_ACTIVATIONS, the same at each call.
        tested: Keras' metrics on the test set; raises LookupError where there is none.
    """

    def __init__(
        self, model: keras.Model, *, probe: Callable[[], Any], tested: Callable[[], Mapping[str, float]]
    ) -> None:
        self._network, self._probe = Network(model), probe
        self._surface = Surface(self._network, tested)
        self._groups: dict[tuple[int, ...], Group] = {}
        self._asked_before: set[int] = set()
        self.looked_s = self.compiled_s = 0.0

    def before(self, due: Sequence[Subscription], batch: Callable[[], tuple[Any, Any]], step: int) -> Looking:
        """Look at a step that is about to be made, for those that are due."""
        began = time.perf_counter()
        x, y = batch()
        build_loss(self._network.model, x, y)
        self.looked_s += time.perf_counter() - began
        looking = Looking([], [])
        for group in self._groups_of(due):
            self._first_half(looking, group.subscriptions, x, y, step)
        for one in due:
            if one.asks_surface and one.takes_part():
                looking.asked += self._ask(one, x, y, step)
        return looking

    def after(self, looking: Looking, step: int) -> Looking:
        """Look at what the step has done."""
        looking.late = []
        for group, early, kept in looking.groups:
            try:
                late = self._timed(group, 1, lambda group=group, kept=kept: group.observation.after(kept))  # type: ignore[misc]
            except Exception as error:
                self._blame([one for one in group.subscriptions if one.needs_updates], error, step)
                self._forget(group)
                continue
            looking.late.append((group, early, late))
        return looking

    def silent(self) -> list[tuple[str, str]]:
        """Metrics to which this model has nothing to say, and why; one of several topics may be here for each."""
        return [
            (
                one.observed.metric,
                f"none of the layers {', '.join(one.observed.layers)} has {' and '.join(one.traced)}",
            )
            for group in self._groups.values()
            for one in group.observation.silent()
        ]

    def _groups_of(self, due: Sequence[Subscription]) -> list[Group]:
        """Those that always come together are looked for together."""
        cadences: dict[tuple[int | None, int | None], list[Subscription]] = {}
        for one in due:
            if one.traced and one.takes_part():
                cadences.setdefault((one.observed.every, one.observed.every_epochs), []).append(one)
        return [self._group(tuple(found)) for found in cadences.values()]

    def _group(self, subscriptions: tuple[Subscription, ...]) -> Group:
        key = tuple(map(id, subscriptions))
        if key not in self._groups:
            observation = Observation(subscriptions, self._network, self._probe)
            self._groups[key] = Group(subscriptions, observation, [False, False])
        return self._groups[key]

    def _first_half(
        self, looking: Looking, subscriptions: tuple[Subscription, ...], x: Any, y: Any, step: int
    ) -> None:
        group = self._group(subscriptions)
        try:
            early, kept = self._timed(group, 0, lambda: group.observation.before(x, y))
            if not group.is_compiled[1]:
                # Tried once before the step, when those that cannot be served can still be told from the others.
                self._timed(group, 1, lambda: group.observation.after(kept))
        except Exception as error:
            self._forget(group)
            left = self._without_culprits(subscriptions, x, y, error, step)
            if left:
                self._first_half(looking, left, x, y, step)
            return
        looking.groups.append((group, early, kept))

    def _without_culprits(
        self, subscriptions: tuple[Subscription, ...], x: Any, y: Any, error: Exception, step: int
    ) -> tuple[Subscription, ...]:
        """Try each alone and suspend those that fail; all of them where none fails alone."""
        for one in subscriptions:
            began = time.perf_counter()
            try:
                alone = Observation((one,), self._network, self._probe)
                alone.after(alone.before(x, y)[1])
            except Exception as own:
                self._blame([one], own, step)
            self.compiled_s += time.perf_counter() - began
        left = tuple(one for one in subscriptions if one.takes_part())
        if len(left) == len(subscriptions):
            self._blame(subscriptions, error, step)
            return ()
        return left

    def _ask(self, one: Subscription, x: Any, y: Any, step: int) -> list[Reduced]:
        began = time.perf_counter()
        try:
            given = one.subscriber.reduce({Topic.LOSS_SURFACE: self._surface.at(x, y)}, DeviceOps())
            values = {name: keras.ops.convert_to_numpy(value) for name, value in given.items()}
        except Exception as error:
            self._blame([one], error, step)
            return []
        finally:
            took = time.perf_counter() - began
            if id(one) in self._asked_before:
                one.looked_s += took
                self.looked_s += took
            else:
                self._asked_before.add(id(one))
                self.compiled_s += took
        return [Reduced(one, values)]

    def _timed(self, group: Group, half: int, look: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        found = look()
        took = time.perf_counter() - began
        if group.is_compiled[half]:
            self.looked_s += took
            for one in group.subscriptions:
                one.looked_s += took / len(group.subscriptions)
        else:
            group.is_compiled[half] = True
            self.compiled_s += took
        return found

    def _forget(self, group: Group) -> None:
        self._groups = {key: one for key, one in self._groups.items() if one is not group}

    @staticmethod
    def _blame(subscriptions: Sequence[Subscription], error: Exception, step: int) -> None:
        for one in subscriptions:
            one.suspend(f"{type(error).__name__}: {error}", step)
            _log.warning("the metric %s is suspended: %s", one.observed.metric, error)
