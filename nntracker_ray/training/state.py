"""Everything in a model that training changes, as arrays and back.

Keras' own `save` leaves out the states of random generators (the masks of Dropout) and of running metrics,
so a run resumed through it differs from one that was not interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nntracker_ray.errors import CheckpointError


def sections(model: keras.Model, *, with_metrics: bool) -> dict[str, list[keras.Variable]]:
    """All variables of a compiled model in Keras' order; those of running metrics if wanted."""
    found = {"model": list(model.variables), "optimizer": list(model.optimizer.variables)}
    return found | ({"metrics": list(model.metrics_variables)} if with_metrics else {})


def copy_state(model: keras.Model, *, with_metrics: bool) -> dict[str, NDArray[Any]]:
    """A copy of all variables of a compiled model, by section and place: `model/0`, `optimizer/3`.

    Args:
        with_metrics: Also the running averages of the epoch begun.
    """
    return {
        name: copy_of(variable)
        for section, variables in sections(model, with_metrics=with_metrics).items()
        for name, variable in _numbered(section, variables)
    }


def restore_state(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model of the same making the variables it had; running metrics are left out.

    Raises: CheckpointError: The arrays are not those of this model.
    """
    restore_weights(model, arrays)
    _assign("optimizer", model.optimizer.variables, arrays)


def restore_weights(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model its weights and the states of its random generators back, the optimizer left out.

    Raises: CheckpointError: The arrays are not those of this model.
    """
    _assign("model", list(model.variables), arrays)


def restore_optimizer(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give the optimizer of a model its memory back, and leave its learning rate as it is.

    Raises: CheckpointError: The arrays are not those of this optimizer; nothing was changed.
    """
    rate = copy_of(model.optimizer.learning_rate)
    _assign("optimizer", model.optimizer.variables, arrays)
    model.optimizer.learning_rate = rate


def restore_metrics(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model that has seen a batch the running averages of the epoch begun, if there are any.

    Raises: CheckpointError: The arrays are not those of this model's metrics.
    """
    if any(name.startswith("metrics/") for name in arrays):
        _assign("metrics", model.metrics_variables, arrays)


def copy_of(variable: keras.Variable) -> NDArray[Any]:
    """The value of a variable in its own dtype, copied once from the device."""
    # Keras' own numpy() copies twice.
    return np.asarray(tensor_of(variable).numpy())


def tensor_of(variable: keras.Variable) -> tf.Tensor:
    """The value of a variable as a tensor, not copied; what is assigned later does not change it."""
    value = variable.value
    # A third of the time of read_value(), which names its scope and passes through an identity.
    return tf.raw_ops.ReadVariableOp(resource=value.handle, dtype=value.dtype)


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
