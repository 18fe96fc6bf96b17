"""Everything in a model that training changes, as arrays and back.

Keras' own `save` leaves out the states of random generators (the masks of Dropout) and of running metrics,
so a run resumed through it differs from one that was not interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import CheckpointError
from nntracker_ray.models.arrays import layer_variables
from nntracker_ray.records import WeightArray


def copy_state(model: keras.Model, *, with_metrics: bool) -> dict[str, NDArray[Any]]:
    """A copy of all variables of a compiled model, by section and place: `model/0`, `optimizer/3`.

    Args:
        with_metrics: Also the running averages of the epoch begun.
    """
    return {
        name: copy_of(variable)
        for section, variables in _sections(model, with_metrics=with_metrics).items()
        for name, variable in _numbered(section, variables)
    }


def restore_state(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model of the same making the variables from `copy_state`; running metrics are left out.

    Raises: CheckpointError: The arrays are not those of this model.
    """
    for section, variables in _sections(model, with_metrics=False).items():
        _assign(section, variables, arrays)


def restore_metrics(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model that has seen a batch the running averages of the epoch begun, if there are any.

    Raises: CheckpointError: The arrays are not those of this model's metrics.
    """
    if any(name.startswith("metrics/") for name in arrays):
        _assign("metrics", model.metrics_variables, arrays)


def copy_weights(model: keras.Model) -> dict[str, NDArray[Any]]:
    """A copy of every weight by layer and tensor: `dense_4/kernel`."""
    return {f"{found.layer_name}/{found.tensor}": copy_of(found.variable) for found in layer_variables(model)}


def copy_layers(model: keras.Model, patterns: Sequence[str]) -> tuple[WeightArray, ...]:
    """Copies of the weight arrays of the layers that any of the glob patterns names, in layer order."""
    return tuple(
        WeightArray(found.layer_index, found.layer_name, found.tensor, copy_of(found.variable))
        for found in layer_variables(model)
        if any(fnmatchcase(found.layer_name, pattern) for pattern in patterns)
    )


def copy_of(variable: keras.Variable) -> NDArray[Any]:
    """The value of a variable in its own dtype, copied once from the device."""
    # Keras' own numpy() copies twice.
    return np.asarray(variable.value.numpy())


def _sections(model: keras.Model, *, with_metrics: bool) -> dict[str, list[keras.Variable]]:
    sections = {"model": list(model.variables), "optimizer": list(model.optimizer.variables)}
    return sections | ({"metrics": list(model.metrics_variables)} if with_metrics else {})


def _numbered(section: str, variables: Iterable[keras.Variable]) -> list[tuple[str, keras.Variable]]:
    return [(f"{section}/{place}", variable) for place, variable in enumerate(variables)]


def _assign(section: str, variables: list[keras.Variable], arrays: Mapping[str, NDArray[Any]]) -> None:
    named = dict(_numbered(section, variables))
    kept = {name: array for name, array in arrays.items() if name.startswith(f"{section}/")}
    if named.keys() != kept.keys():
        raise CheckpointError(
            f"the checkpoint has {len(kept)} arrays for the {section}, it needs {len(named)}"
        )
    for name, variable in named.items():
        _check_kind(name, variable, kept[name])
    for name, variable in named.items():
        variable.assign(kept[name])


def _check_kind(name: str, variable: keras.Variable, array: NDArray[Any]) -> None:
    needed, came = (tuple(variable.shape), str(variable.dtype)), (array.shape, array.dtype.name)
    if needed != came:
        raise CheckpointError(f"{name} ({variable.path}) is {needed}, the checkpoint has {came}")
