"""The mask computations that Keras 3 writes into a Functional model, which it also makes by itself.

`Embedding(mask_zero=True)` and `Masking` compute a mask that later layers receive. Keras 3 stores that as layers
of its own (`NotEqual`, `Any`). They are not layers of the user's: we leave them out, because building the
model computes the same masks again; a mask that would not come back by itself is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.models.refs import tensor_ref
from nntracker_ray.models.tree import Item, Leaf, TensorRef, class_of
from nntracker_ray.models.values import RefusedError, is_number, shown
from nntracker_ray.records import JsonValue

_MODULE = "keras.src.ops.numpy"
_SOURCE = "NotEqual"
_FURTHER = ("Any", "LogicalOr")


def is_mask_operation(data: JsonValue) -> bool:
    """Whether the entry is one of the operations that masks are made of."""
    return (
        isinstance(data, dict)
        and data.get("module") == _MODULE
        and data.get("class_name") in (_SOURCE, *_FURTHER)
        and isinstance(data.get("name"), str)
        and data.get("registered_name") in (None, data["class_name"])
    )


class MaskOperations:
    """The mask operations of one graph."""

    def __init__(self) -> None:
        self._operations: dict[str, dict[str, JsonValue]] = {}
        self._implied: set[str] = set()  # operations found to be made by a layer

    def add(self, data: dict[str, JsonValue]) -> None:
        """Remember one operation."""
        self._operations[data["name"]] = data

    def refuse_unless_implied(
        self, ref: TensorRef, items: Mapping[str, Item], nodes: Mapping[str, list[JsonValue]]
    ) -> None:
        """Raises: RefusedError: the mask does not come from an Embedding or Masking layer of this graph."""
        waiting = [ref.layer]
        while waiting:
            name = waiting.pop()
            if name in self._implied:
                continue
            self._implied.add(name)
            operation = self._operations.get(name)
            if operation is None:
                raise RefusedError(
                    f"the mask from {shown(name)} is not one that Keras makes by itself; remove it"
                )
            if operation["class_name"] != _SOURCE:
                waiting.extend(source.layer for source in _sources(operation))
            elif not _has_masking_twin(operation, items, nodes):
                raise RefusedError(
                    f"the mask {shown(name)} belongs to no Embedding or Masking layer; remove it"
                )


def _sources(operation: Mapping[str, JsonValue]) -> list[TensorRef]:
    args = _args(operation)
    return [ref for ref in map(tensor_ref, args) if ref is not None]


def _args(operation: Mapping[str, JsonValue]) -> list[JsonValue]:
    nodes = operation.get("inbound_nodes")
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], dict):
        raise RefusedError(f"the mask operation {shown(operation.get('name'))} has no inputs")
    args = nodes[0].get("args")
    return args if isinstance(args, list) else []


def _has_masking_twin(
    operation: Mapping[str, JsonValue], items: Mapping[str, Item], nodes: Mapping[str, list[JsonValue]]
) -> bool:
    """Whether some Embedding or Masking layer is called on the same tensor, with the same masked value."""
    sources, constants = _sources(operation), [arg for arg in _args(operation) if is_number(arg)]
    if len(sources) != 1 or len(constants) != 1:
        return False
    return any(
        _masks_value(item, constants[0]) and any(_called_on(node, sources[0]) for node in nodes[name])
        for name, item in items.items()
    )


def _masks_value(item: Item, value: float) -> bool:
    if not isinstance(item, Leaf):
        return False
    if class_of(item) == "Embedding":
        return bool(item.config["mask_zero"]) and value == 0
    return class_of(item) == "Masking" and item.config["mask_value"] == value


def _called_on(node: JsonValue, source: TensorRef) -> bool:
    args = node.get("args") if isinstance(node, dict) else node
    return isinstance(args, list) and bool(args) and tensor_ref(args[0]) == source
