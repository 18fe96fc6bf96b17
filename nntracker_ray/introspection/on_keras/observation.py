"""One compiled look: what a group of subscriptions needs of a step, before the update and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.introspection.on_keras.bundles import Seen, arrays_wanted, bundles
from nntracker_ray.introspection.on_keras.compiled import compiled
from nntracker_ray.introspection.on_keras.device_ops import DeviceOps
from nntracker_ray.introspection.on_keras.forward import inference_pass, tensor_of, training_pass
from nntracker_ray.introspection.on_keras.network import Network
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import CALL_TOPICS, STEP_TOPICS, Topic


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one reduced bundle stands among the tensors that a look gives back."""

    subscription: Subscription
    layer: str
    tensor: str
    layer_index: int
    names: tuple[str, ...]


class Observation:
    """Looks at a step for subscriptions that are due together. The model stays as it is.

    The look is a pass of its own on the batch of the step, beside the compiled step of Keras, which is the same
    whether somebody looks or not: with both in one graph the sums of the training would be fused and ordered in
    another way, and other bits would come out of it.

    Args:
        probe: Rows for PROBE_ACTIVATIONS; asked for only where somebody listens.
    """

    def __init__(
        self, subscriptions: Sequence[Subscription], network: Network, probe: Callable[[], Any]
    ) -> None:
        self._network, self._probe = network, probe
        self._topics = {topic for one in subscriptions for topic in one.traced}
        self._early = [one for one in subscriptions if not one.needs_updates]
        self._late = [one for one in subscriptions if one.needs_updates]
        self._slots: dict[bool, list[_Slot]] = {}
        self._kept: list[tuple[str, str, Any]] = []  # where the tensors that the second half needs belong
        self._before: Any = None
        self._after = compiled(self._look_after)
        self._probe_rows: Any = ()

    def before(self, x: Any, y: Any) -> tuple[list[Any], list[Any]]:
        """Look at the batch of a step before its update. Returns tensors: reduced ones, and those for `after`."""
        if self._before is None:
            self._probe_rows = self._probe() if Topic.PROBE_ACTIVATIONS in self._topics else ()
            self._before = compiled(self._look_before, x, y, self._probe_rows)
        found: tuple[list[Any], list[Any]] = self._before(x, y, self._probe_rows)
        return found

    def after(self, kept: list[Any]) -> list[Any]:
        """Look at what the update has done."""
        if not self._late:
            return []
        found: list[Any] = self._after(kept)
        return found

    def reduced(self, early: list[Any], late: list[Any]) -> list[Reduced]:
        """Copy what both halves have given to the host."""
        return [*_on_host(self._slots[False], early), *_on_host(self._slots.get(True, []), late)]

    def silent(self) -> list[Subscription]:
        """Those that have got no message, once both halves were made."""
        if set(self._slots) != ({False, True} if self._late else {False}):
            return []
        heard = {id(slot.subscription) for slots in self._slots.values() for slot in slots}
        return [one for one in (*self._early, *self._late) if id(one) not in heard]

    def _look_before(self, x: Any, y: Any, probe: Any) -> tuple[list[Any], list[Any]]:
        seen, ops = self._seen(x, y, probe), DeviceOps()
        reduced = self._reduce(self._early, seen, ops, late=False)
        self._kept, kept = [], []
        for topic, place, tensor in self._needed_later(seen):
            self._kept.append((topic, *place) if isinstance(place, tuple) else (topic, "", place))
            kept.append(tensor)
        return reduced, kept

    def _look_after(self, kept: list[Any]) -> list[Any]:
        seen = Seen()
        for (topic, layer, tensor), value in zip(self._kept, kept, strict=True):
            if topic in STEP_TOPICS:
                seen.steps.setdefault(topic, []).append(value)
            else:
                group = seen.calls if topic in CALL_TOPICS else seen.arrays
                group.setdefault(topic, {})[layer, tensor] = value
        for array in self._updated():
            place = array.layer, array.tensor
            was = seen.arrays[Topic.WEIGHTS if array.is_weight else Topic.BIASES][place]
            topic = Topic.WEIGHT_UPDATES if array.is_weight else Topic.BIAS_UPDATES
            seen.arrays.setdefault(topic, {})[place] = tensor_of(array.variable) - was
        return self._reduce(self._late, seen, DeviceOps(), late=True)

    def _updated(self) -> list[Any]:
        found = {id(array): array for one in self._late for array in arrays_wanted(one, self._network)}
        return list(found.values())

    def _needed_later(self, seen: Seen) -> list[tuple[str, Any, Any]]:
        """Tensors of this half that the other needs: the arrays as they were, and what is bundled with updates."""
        if not self._late:
            return []
        topics = {topic for one in self._late for topic in one.traced}
        arrays = {(array.layer, array.tensor): array for array in self._updated()}
        needed: list[tuple[str, Any, Any]] = [
            (Topic.WEIGHTS if array.is_weight else Topic.BIASES, place, tensor_of(array.variable))
            for place, array in arrays.items()
        ]
        own = (Topic.WEIGHTS, Topic.BIASES)
        for topic in sorted(topics):
            if topic not in own:
                needed += [(topic, place, one) for place, one in seen.arrays.get(topic, {}).items()]
            needed += [(topic, place, one) for place, one in seen.calls.get(topic, {}).items()]
            needed += [(topic, str(number), one) for number, one in enumerate(seen.steps.get(topic, ()))]
        return needed

    def _seen(self, x: Any, y: Any, probe: Any) -> Seen:
        seen = Seen()
        self._pass(seen, x, y)
        for array in self._network.arrays:
            topic = Topic.WEIGHTS if array.is_weight else Topic.BIASES
            if topic in self._topics:
                seen.arrays.setdefault(topic, {})[array.layer, array.tensor] = tensor_of(array.variable)
        if Topic.PROBE_ACTIVATIONS in self._topics:
            seen.calls[Topic.PROBE_ACTIVATIONS] = inference_pass(self._network, probe).calls
        for topic, given in ((Topic.INPUTS, x), (Topic.LABELS, y)):
            seen.steps[topic] = keras.tree.flatten(given)
        return seen

    def _pass(self, seen: Seen, x: Any, y: Any) -> None:
        gradients = bool(self._topics & {Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS})
        calls, back = Topic.ACTIVATIONS in self._topics, Topic.LAYER_GRADIENTS in self._topics
        if not (gradients or calls or back or self._topics & {Topic.OUTPUTS, Topic.LOSS}):
            return
        passed = training_pass(self._network, x, y, gradients=gradients, calls=calls, call_gradients=back)
        seen.calls[Topic.ACTIVATIONS], seen.calls[Topic.LAYER_GRADIENTS] = passed.calls, passed.call_gradients
        seen.steps[Topic.OUTPUTS] = keras.tree.flatten(passed.outputs)
        seen.steps[Topic.LOSS] = [passed.loss]
        for array in self._network.arrays if gradients else ():
            found = None if array.trained_as is None else passed.gradients[array.trained_as]
            if found is not None:
                topic = Topic.WEIGHT_GRADIENTS if array.is_weight else Topic.BIAS_GRADIENTS
                seen.arrays.setdefault(topic, {})[array.layer, array.tensor] = found

    def _reduce(
        self, subscriptions: Sequence[Subscription], seen: Seen, ops: DeviceOps, *, late: bool
    ) -> list[Any]:
        slots: list[_Slot] = []
        tensors: list[Any] = []
        for one in subscriptions:
            for bundle in bundles(one, self._network, seen):
                given = one.subscriber.reduce(bundle.values, ops)
                slots.append(_Slot(one, bundle.layer, bundle.tensor, bundle.layer_index, tuple(given)))
                tensors += [tf.convert_to_tensor(value) for value in given.values()]
        self._slots[late] = slots
        return tensors


def _on_host(slots: Sequence[_Slot], tensors: Sequence[Any]) -> list[Reduced]:
    arrays = iter(tensors)
    return [
        Reduced(
            slot.subscription,
            {name: next(arrays).numpy() for name in slot.names},
            slot.layer,
            slot.tensor,
            slot.layer_index,
        )
        for slot in slots
    ]
