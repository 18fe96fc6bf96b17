"""The weight arrays of a live model, each under its layer and its own name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from nntracker_ray.records import WeightArray

if TYPE_CHECKING:
    import keras

KerasModel: TypeAlias = "keras.Model"


class LayerVariable(NamedTuple):
    """One live variable that is a weight."""

    layer_index: int  # place in `model.layers`; layers inside nested models and wrappers count one by one
    layer_name: str  # qualified inside nested models and wrappers: "inner/dense_1"
    tensor: str  # "kernel", "moving_mean", "query/kernel"
    variable: Any  # keras.Variable


def layer_variables(model: KerasModel) -> list[LayerVariable]:
    """Every weight of the model once, in the order of its layers. States of random generators are no weights."""
    found: list[LayerVariable] = []
    seen: set[int] = set()
    for index, (name, layer) in enumerate(_single_layers(model, "")):
        variables = [variable for variable in layer.weights if id(variable) not in seen]
        seen.update(map(id, variables))
        found += [
            LayerVariable(index, name, tensor, v)
            for tensor, v in zip(_names(variables), variables, strict=True)
        ]
    return found


def layer_arrays(model: KerasModel) -> list[WeightArray]:
    """Copies of every weight array, in the dtype it has on the device."""
    return [
        WeightArray(found.layer_index, found.layer_name, found.tensor, np.array(found.variable))
        for found in layer_variables(model)
    ]


def _single_layers(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Layers that hold their weights themselves, with qualified names."""
    for layer in model.layers:
        yield from _opened(layer, f"{prefix}{layer.name}")


def _opened(layer: Any, name: str) -> Iterator[tuple[str, Any]]:
    import keras

    if isinstance(layer, keras.Model):
        yield from _single_layers(layer, f"{name}/")
    elif isinstance(layer, keras.layers.Bidirectional):
        for one in (layer.forward_layer, layer.backward_layer):
            yield from _opened(one, f"{name}/{one.name}")
    elif isinstance(layer, keras.layers.TimeDistributed):
        yield from _opened(layer.layer, f"{name}/{layer.layer.name}")
    else:
        yield name, layer


def _names(variables: list[Any]) -> list[str]:
    """Variable names; where a layer has several of one name, with the part of the layer they belong to."""
    plain = [variable.name for variable in variables]
    return [
        name if plain.count(name) == 1 else "/".join(variable.path.split("/")[-2:])
        for name, variable in zip(plain, variables, strict=True)
    ]
