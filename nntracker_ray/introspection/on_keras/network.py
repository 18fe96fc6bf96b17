"""The arrays and the layers of a live model, as topics name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from nntracker_ray.models.arrays import layer_variables


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """One array of one layer."""

    layer: str  # qualified: "inner/dense_1"
    layer_index: int
    tensor: str
    variable: keras.Variable
    is_weight: bool  # two or more dimensions; else one of the "biases"
    trained_as: int | None  # place among the trained variables; None: not trained


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """One layer that is called, and so has activations."""

    name: str
    index: int
    layer: keras.layers.Layer


class Network:
    """What there is to look at in a built model."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.trained: list[keras.Variable] = list(model.trainable_variables)
        places = {id(variable): place for place, variable in enumerate(self.trained)}
        self.arrays = tuple(
            Array(
                found.layer_name,
                found.layer_index,
                found.tensor,
                found.variable,
                len(found.variable.shape) >= 2,
                places.get(id(found.variable)),
            )
            for found in layer_variables(model)
        )
        self.called = tuple(
            Called(name, index, layer) for index, (name, layer) in enumerate(_called(model, ""))
        )


def _called(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The layers in the order of the model, those inside nested models instead of these."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _called(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield f"{prefix}{layer.name}", layer
