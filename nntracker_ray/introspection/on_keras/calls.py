"""What the layers of a model give while it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from nntracker_ray.introspection.on_keras.network import Called

Calls = dict[tuple[str, str], Any]  # (layer, "" | "1" | "2" ...) -> tensor


@contextmanager
def heard_calls(layers: Sequence[Called], told: Callable[[Any], None]) -> Iterator[Calls]:
    """Note the output of every call of the layers within the block.

    The `call` of each layer is wrapped as an attribute of that very object and unwrapped afterwards: no subclass is
    asked of anybody, and a layer that is shared is heard at each of its calls. Of several outputs the first counts.

    Args:
        told: Gets each output before it is used further, so that a tape can watch it.
    """
    calls: Calls = {}
    wrapped: list[keras.layers.Layer] = []
    try:
        for one in layers:
            if one.layer not in wrapped:
                object.__setattr__(one.layer, "call", _heard(one, calls, told))
                wrapped.append(one.layer)
        yield calls
    finally:
        for layer in wrapped:
            object.__delattr__(layer, "call")


def _heard(one: Called, calls: Calls, told: Callable[[Any], None]) -> Callable[..., Any]:
    original = one.layer.call
    made = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal made
        given = original(*args, **kwargs)
        first = keras.tree.flatten(given)[0]
        if tf.is_tensor(first) and first.dtype.is_floating:
            told(first)
            calls[one.name, str(made) if made else ""] = first
        made += 1
        return given

    return call
