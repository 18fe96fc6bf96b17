"""Checked descriptions to live Keras models, layer by layer through Keras' public classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from nntracker_ray.errors import ModelError
from nntracker_ray.models.cost import Costing
from nntracker_ray.models.reader import make_input
from nntracker_ray.models.schema import check_model
from nntracker_ray.models.tree import Call, Graph, Item, Leaf, Stack, TensorRef, class_of

if TYPE_CHECKING:
    import keras

KerasModel: TypeAlias = "keras.Model"
Tensors = dict[tuple[str, int], list[Any]]


def build_model(description_json: str) -> KerasModel:
    """A new, untrained model. Layer names are those of the description.

    The text is checked again, so that nothing unchecked can reach Keras whatever the store holds. Unseeded
    initializers draw from Keras' global seed: call `keras.utils.set_random_seed` before.

    Raises: ModelError: outside the schema, or refused by Keras itself.
    """
    checked = check_model(description_json)
    try:
        model = _Builder(checked.costing).item(checked.tree)
    except Exception as error:
        # Keras raises nearly every exception there is; the person needs its text, not its type.
        raise ModelError(f"Keras cannot build the model {checked.tree.name!r}: {error}") from error
    if model.count_params() != checked.costing.parameters:
        raise ModelError(
            f"the model {checked.tree.name!r} was checked as {checked.costing.parameters:,} parameters "
            f"but built as {model.count_params():,}; please report this"
        )
    return model


class _Builder:
    """Builds live layers; each layer of the tree once, however often it is used."""

    def __init__(self, costing: Costing) -> None:
        self._costing = costing

    def item(self, item: Item) -> Any:
        if isinstance(item, Leaf):
            return self._leaf(item)
        model = self._stack(item) if isinstance(item, Stack) else self._graph(item)
        if not item.trainable:
            model.trainable = False
        return model

    def _leaf(self, leaf: Leaf) -> Any:
        from keras import layers

        cls = getattr(layers, class_of(leaf))
        config = {"name": leaf.name, **leaf.config}
        if not leaf.wrapped:
            return cls.from_config(config)
        return cls(**{key: self.item(child) for key, child in leaf.wrapped.items()}, **config)

    def _stack(self, stack: Stack) -> Any:
        import keras

        layers = stack.layers
        if stack.input is None:
            shape = self._costing.stack_inputs[id(stack)]
            layers = (make_input(f"{layers[0].name}_input", [None, *shape]), *layers)
        # One list, not layer by layer: each add() would build the whole model anew.
        return keras.Sequential([self.item(layer) for layer in layers], name=stack.name)

    def _graph(self, graph: Graph) -> Any:
        import keras

        live = {name: self.item(item) for name, item in graph.layers.items()}
        tensors: Tensors = {}
        for name, number in graph.order:
            if class_of(graph.layers[name]) == "InputLayer":
                tensors[name, number] = [live[name].output]
            else:
                tensors[name, number] = _called(
                    live[name], graph.layers[name], graph.calls[name][number], tensors
                )
        ends = [
            _one_or_list([_tensor(tensors, ref) for ref in refs]) for refs in (graph.inputs, graph.outputs)
        ]
        return keras.Model(inputs=ends[0], outputs=ends[1], name=graph.name)


def _called(live: Any, item: Item, call: Call, tensors: Tensors) -> list[Any]:
    """Call the live layer; returns its outputs as a flat list."""
    import keras

    inputs = [_tensor(tensors, ref) for ref in call.inputs]
    named: dict[str, Any] = dict(call.switches)
    if call.state:
        named["initial_state"] = [_tensor(tensors, ref) for ref in call.state]
    if isinstance(item, Leaf) and item.kind.inputs:
        outputs = live(**dict(zip(item.kind.inputs, inputs, strict=False)), **named)
    elif isinstance(item, Leaf) and item.kind.takes_list:
        outputs = live(inputs, **named)
    else:
        outputs = live(_one_or_list(inputs), **named)
    return list(keras.tree.flatten(outputs))


def _tensor(tensors: Tensors, ref: TensorRef) -> Any:
    return tensors[ref.layer, ref.call][ref.output]


def _one_or_list(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
