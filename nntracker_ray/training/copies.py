"""Copies of a model's variables for captures and checkpoints, made beside the training where that is possible."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.layer_patterns import is_named
from nntracker_ray.models.arrays import layer_variables
from nntracker_ray.records import WeightArray
from nntracker_ray.training.state import copy_of, sections, tensor_of

HELD_BYTES: Final = 2**20  # of one array


class LateArrays(Mapping[str, NDArray[Any]]):
    """Arrays of one moment, copied when first asked for, though the training has gone on.

    TensorFlow writes into no tensor that somebody holds: an update of its variable then makes a new one. So
    holding them costs the training microseconds, and a copy of what it changes before `settle` has ended.
    """

    def __init__(self, made: dict[str, NDArray[Any]], held: dict[str, Any]) -> None:
        self._made, self._held = made, held
        self._names = (*made, *held)
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Copy everything and hold no tensor any more. Safe from any thread; twice is once."""
        with self._lock:
            for name in list(self._held):
                self._made[name] = np.asarray(self._held[name].numpy())
                del self._held[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        self.settle()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Copies:
    """Copies the live variables of one model. Nobody writes into the copies, so that they may be shared.

    `forget` before the model trains on: until then what was copied is taken for what is.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._weights = layer_variables(model)
        self._made: dict[int, NDArray[Any]] = {}
        self._large: dict[int, bool] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copies")
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
            if is_named(found.layer_name, patterns)
        )

    def state(self, *, with_metrics: bool, beside: Mapping[str, NDArray[Any]] = {}) -> LateArrays:
        """All variables by section and place: `model/0`, `optimizer/3`. What was copied is forgotten after it.

        Args:
            with_metrics: Also the running averages of the epoch begun.
            beside: Arrays that belong to it and are copies already.
        """
        made = dict(beside)
        held: dict[str, Any] = {}
        for section, variables in sections(self._model, with_metrics=with_metrics).items():
            for place, variable in enumerate(variables):
                name, copied = f"{section}/{place}", self._made.get(id(variable))
                if copied is not None:
                    made[name] = copied
                elif self._is_large(variable):
                    held[name] = tensor_of(variable)
                else:
                    made[name] = copy_of(variable)
        self.forget()
        arrays = LateArrays(made, held)
        if held:
            self._thread.submit(arrays.settle)
        return arrays

    def forget(self) -> None:
        """The model is about to change."""
        self._made.clear()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _is_large(self, variable: keras.Variable) -> bool:
        large = self._large.get(id(variable))
        if large is None:
            large = self._large[id(variable)] = _is_worth_holding(variable)
        return large

    def _of(self, variable: keras.Variable) -> NDArray[Any]:
        made = self._made.get(id(variable))
        if made is None:
            made = self._made[id(variable)] = copy_of(variable)
        return made


def _is_worth_holding(variable: keras.Variable) -> bool:
    """Whether copying it takes longer than handing it over; never on an accelerator, which has no room to spare."""
    tensor = tensor_of(variable)
    size = int(tensor.shape.num_elements()) * int(tensor.dtype.size)
    return bool(tensor.device.endswith("CPU:0")) and size >= HELD_BYTES
