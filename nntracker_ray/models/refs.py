"""References to tensors inside a Functional model, in the encodings of Keras 2 and Keras 3."""

from __future__ import annotations

from collections.abc import Iterator

from nntracker_ray.models.tree import TensorRef
from nntracker_ray.models.values import RefusedError, is_integer, shown
from nntracker_ray.records import JsonValue

MOST_OUTPUTS = 64


def tensor_ref(value: JsonValue) -> TensorRef | None:
    """The reference in either encoding, or None if it is not one. Raises: RefusedError: malformed."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        value = config.get("keras_history") if isinstance(config, dict) else None
        if not isinstance(value, list):
            raise RefusedError("a tensor without keras_history")
    if not isinstance(value, list) or len(value) not in (3, 4) or not isinstance(value[0], str):
        return None
    _, call, output = value[:3]
    if not (is_integer(call) and is_integer(output) and call >= 0 and 0 <= output < MOST_OUTPUTS):
        raise RefusedError(f"{shown(value)} is not a reference [layer, call, output]")
    return TensorRef(value[0], call, output)


def tensor_refs(value: JsonValue) -> Iterator[TensorRef]:
    """Every reference in a list or object of references (objects in the order of their sorted keys)."""
    ref = tensor_ref(value)
    if ref is not None:
        yield ref
    elif isinstance(value, list):
        for entry in value:
            yield from tensor_refs(entry)
    elif isinstance(value, dict):
        # Keras flattens dictionaries in the order of their keys.
        for key in sorted(value):
            yield from tensor_refs(value[key])
    else:
        raise RefusedError(f"{shown(value)} is not a tensor reference")
