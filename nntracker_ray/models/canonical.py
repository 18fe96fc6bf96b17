"""The validated tree written as a new Keras 3 configuration: nothing of the input's text survives."""

from __future__ import annotations

import hashlib
import json

from nntracker_ray.models.cost import Costing
from nntracker_ray.models.reader import make_input
from nntracker_ray.models.tree import Call, Graph, Item, Leaf, Model, Stack, TensorRef, class_of
from nntracker_ray.records import JsonValue


def canonical_json(model: Model, costing: Costing) -> str:
    """Keras 3 JSON, equal for equal models: sorted keys, every argument spelled out."""
    return json.dumps(_Writer(costing).item(model), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest_of(canonical: str) -> str:
    """SHA-256 of the canonical JSON, hex."""
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Writer:
    def __init__(self, costing: Costing) -> None:
        self._costing = costing

    def item(self, item: Item) -> dict[str, JsonValue]:
        if isinstance(item, Leaf):
            wrapped = {key: self.item(child) for key, child in item.wrapped.items()}
            return _envelope("keras.layers", class_of(item), {"name": item.name, **item.config, **wrapped})
        config = self._stack(item) if isinstance(item, Stack) else self._graph(item)
        # Keras' loader would unfreeze frozen layers of a model marked trainable, so only the exception is written.
        frozen = {} if item.trainable else {"trainable": False}
        name = "Sequential" if isinstance(item, Stack) else "Model"
        return _envelope("keras", name, {"name": item.name, **config, **frozen})

    def _stack(self, stack: Stack) -> dict[str, JsonValue]:
        layers = stack.layers
        if stack.input is None:
            shape = self._costing.stack_inputs[id(stack)]
            layers = (make_input(f"{stack.layers[0].name}_input", [None, *shape]), *layers)
        return {"layers": [self.item(layer) for layer in layers]}

    def _graph(self, graph: Graph) -> dict[str, JsonValue]:
        layers = []
        for name, item in graph.layers.items():
            nodes = [self._node(graph, item, call) for call in graph.calls[name]]
            layers.append({**self.item(item), "name": name, "inbound_nodes": nodes})
        ends = {"input_layers": graph.inputs, "output_layers": graph.outputs}
        return {"layers": layers, **{key: [_end(graph, ref) for ref in refs] for key, refs in ends.items()}}

    def _node(self, graph: Graph, item: Item, call: Call) -> dict[str, JsonValue]:
        tensors = [self._tensor(graph, ref) for ref in call.inputs]
        named: dict[str, JsonValue] = dict(call.switches)
        if call.state:
            named["initial_state"] = [self._tensor(graph, ref) for ref in call.state]
        if isinstance(item, Leaf) and item.kind.inputs:
            named |= dict(zip(item.kind.inputs[2:], tensors[2:], strict=False))
            return {"args": tensors[:2], "kwargs": named}
        as_list = item.kind.takes_list if isinstance(item, Leaf) else len(tensors) > 1
        return {"args": [tensors] if as_list else tensors, "kwargs": named}

    def _tensor(self, graph: Graph, ref: TensorRef) -> dict[str, JsonValue]:
        shape = self._costing.call_outputs[id(graph), ref.layer, ref.call][ref.output]
        config = {"shape": [None, *shape], "dtype": "float32", "keras_history": list(ref)}
        return {"class_name": "__keras_tensor__", "config": config}


def _end(graph: Graph, ref: TensorRef) -> list[JsonValue]:
    # Keras counts the uses of a nested Functional model from 1 here, and only here.
    shift = 1 if isinstance(graph.layers[ref.layer], Graph) else 0
    return [ref.layer, ref.call + shift, ref.output]


def _envelope(module: str, class_name: str, config: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}
