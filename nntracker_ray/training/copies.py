"""Copies of a model's variables for captures and checkpoints: of one moment each is made once."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import keras
from numpy.typing import NDArray

from nntracker_ray.models.arrays import layer_variables
from nntracker_ray.records import WeightArray
from nntracker_ray.training.state import copy_of, sections


class Copies:
    """Copies the live variables of one model. Nobody writes into the copies, so that they may be shared.

    `forget` before the model trains on: until then what was copied is taken for what is.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._weights = layer_variables(model)
        self._made: dict[int, NDArray[Any]] = {}
        places = {id(variable): f"model/{place}" for place, variable in enumerate(model.variables)}
        # Which array of `state` is which weight: (0, "dense_4", "kernel", "model/0").
        self.weight_names = tuple(
            (found.layer_index, found.layer_name, found.tensor, places[id(found.variable)])
            for found in self._weights
            if id(found.variable) in places
        )

    def layers(self, patterns: Sequence[str]) -> tuple[WeightArray, ...]:
        """The weight arrays of the layers that any of the glob patterns names, in layer order."""
        return tuple(
            WeightArray(found.layer_index, found.layer_name, found.tensor, self._of(found.variable))
            for found in self._weights
            if any(fnmatchcase(found.layer_name, pattern) for pattern in patterns)
        )

    def state(self, *, with_metrics: bool) -> dict[str, NDArray[Any]]:
        """All variables by section and place: `model/0`, `optimizer/3`. What was copied is forgotten after it.

        Args:
            with_metrics: Also the running averages of the epoch begun.
        """
        copied = {
            f"{section}/{place}": self._of(variable)
            for section, variables in sections(self._model, with_metrics=with_metrics).items()
            for place, variable in enumerate(variables)
        }
        self.forget()
        return copied

    def forget(self) -> None:
        """The model is about to change."""
        self._made.clear()

    def _of(self, variable: keras.Variable) -> NDArray[Any]:
        made = self._made.get(id(variable))
        if made is None:
            made = self._made[id(variable)] = copy_of(variable)
        return made
