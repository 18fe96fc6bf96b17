"""Whether a model, a loss and the data belong together: refused here, before any training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from nntracker_ray.errors import ModelError
from nntracker_ray.models.kinds import Shape, batched
from nntracker_ray.models.schema import ModelDescription
from nntracker_ray.records import NamedConf


@dataclass(frozen=True, slots=True)
class _Labels:
    """What is known of the labels of one dataset."""

    shape: Shape  # of one label: () for (n,), (k,) for one-hot
    dtype: np.dtype[Any]
    classes: int | None  # that the labels need


def check_fits(
    model: ModelDescription,
    *,
    feature_shape: tuple[int, ...],
    label_shape: tuple[int, ...],
    label_dtype: np.dtype[Any] | type | str,
    classes: int | None,
    loss: NamedConf,
) -> None:
    """Check a model against one dataset and one loss.

    Args:
        model: The parsed model.
        feature_shape: Shape of one example's features, without the batch dimension: (28, 28).
        label_shape: Shape of one label: () for class numbers or one target, (k,) for one-hot or k targets.
        label_dtype: NumPy dtype of the labels.
        classes: Number of classes the labels need, if they are classes.
        loss: The loss function, by Keras' class name.
    Raises: ModelError: They do not fit; names both shapes and what to try.
    """
    _check_features(model, feature_shape)
    if len(model.outputs) != 1:
        raise ModelError(
            f"the model {model.name!r} has {len(model.outputs)} outputs, but a dataset has one label array"
        )
    labels = _Labels(label_shape, np.dtype(label_dtype), classes)
    if labels.dtype.kind not in "biuf":
        raise ModelError(
            f"labels of type {labels.dtype} are not numbers; use a dataset whose labels are encoded"
        )
    _CHECKS.get(loss.name, _check_targets)(model.output_shape, labels, loss.name)


# --- features ------------------------------------------------------------------------------------------------


def _check_features(model: ModelDescription, features: Shape) -> None:
    if len(model.inputs) != 1:
        raise ModelError(
            f"the model {model.name!r} has {len(model.inputs)} inputs, but a dataset has one feature array"
        )
    wanted = model.input_shape
    if not _fits(wanted, features):
        raise ModelError(
            f"features of shape {batched(features)} do not fit the model's input {batched(wanted)}. "
            f"{_advice(wanted, features)}"
        )


def _fits(wanted: Shape, given: Shape) -> bool:
    return len(wanted) == len(given) and all(w in (None, g) for w, g in zip(wanted, given, strict=True))


def _advice(wanted: Shape, given: Shape) -> str:
    listed = ", ".join(["null", *map(str, given)])
    begin = f"Let the model begin with an InputLayer of batch_shape [{listed}]"
    if _fits(wanted, (*given, 1)):
        return f"The data lacks the last axis of 1 (the channel). {begin} and a Reshape to {[*given, 1]}"
    if given and given[-1] == 1 and _fits(wanted, given[:-1]):
        return f"The data has one more axis of 1 (the channel). {begin} and a Reshape to {list(given[:-1])}"
    if None not in wanted and prod(wanted) == prod(given):  # type: ignore[arg-type]
        follow = "a Flatten layer" if len(wanted) == 1 else f"a Reshape to {list(wanted)}"
        return f"Both hold {prod(given)} numbers: {begin[0].lower() + begin[1:]} and {follow}"  # type: ignore[arg-type]
    return f"{begin}, or choose a dataset of the model's shape"


# --- labels --------------------------------------------------------------------------------------------------


def _check_sparse(output: Shape, labels: _Labels, loss: str) -> None:
    """Integer class numbers against one output per class."""
    if labels.shape and labels.shape == output:
        raise ModelError(
            f"{loss} needs class numbers, but the labels {batched(labels.shape)} have one column per output "
            f"{batched(output)}: they are one-hot. Use CategoricalCrossentropy"
        )
    if labels.shape not in (output[:-1], (*output[:-1], 1)):
        raise _mismatch(output, labels, loss, f"labels of shape {batched(output[:-1])} are needed")
    if labels.dtype.kind == "f":
        raise ModelError(
            f"{loss} needs integer class numbers, but the labels are {labels.dtype}. Convert them to integers, or use "
            "a regression loss such as MeanSquaredError if they are measurements"
        )
    outputs = output[-1]
    if labels.classes is not None and outputs is not None and labels.classes > outputs:
        raise ModelError(
            f"the labels need {labels.classes} classes, but the model's output {batched(output)} has {outputs}. "
            f"Give its last layer {labels.classes} units"
        )


def _check_categorical(output: Shape, labels: _Labels, loss: str) -> None:
    """One-hot labels (n, k) against k outputs."""
    if not _fits(output, labels.shape):
        hint = "The labels are class numbers: use SparseCategoricalCrossentropy" if labels.shape in ((), (1,)) else (
            f"Give the last layer {labels.shape[-1]} units, or use labels with {output[-1]} columns")  # fmt: skip
        raise _mismatch(output, labels, loss, hint)
    if output[-1] == 1:
        raise ModelError(
            f"{loss} on one output is always 0 or constant. Use BinaryCrossentropy for one output"
        )


def _check_binary(output: Shape, labels: _Labels, loss: str) -> None:
    """One output per yes-or-no label."""
    if labels.classes is not None and labels.classes > 2 and labels.shape in ((), (1,)):
        raise ModelError(
            f"{loss} is for 2 classes, but the labels need {labels.classes}. Use SparseCategoricalCrossentropy and "
            f"{labels.classes} units in the last layer; its output is {batched(output)} now"
        )
    _check_targets(output, labels, loss)


def _check_targets(output: Shape, labels: _Labels, loss: str) -> None:
    """As many targets as outputs; (n,) stands for (n, 1)."""
    if _fits(output, labels.shape) or (labels.shape == () and output in ((1,), (None,))):
        return
    if labels.shape in ((), (1,)):
        hint = "Give the last layer 1 unit, or use SparseCategoricalCrossentropy if the labels are classes"
    elif len(labels.shape) == len(output):
        hint = f"Give the last layer {labels.shape[-1]} units"
    else:
        hint = "Add a Flatten or Reshape layer before the last one"
    raise _mismatch(output, labels, loss, hint)


def _check_numbered(output: Shape, labels: _Labels, loss: str) -> None:
    """Class numbers against an embedding of any size (Circle), or sequences (CTC)."""
    if labels.dtype.kind == "f":
        raise ModelError(
            f"{loss} needs integer labels, but they are {labels.dtype}; the model's output is {batched(output)}"
        )


def _mismatch(output: Shape, labels: _Labels, loss: str, hint: str) -> ModelError:
    return ModelError(
        f"labels of shape {batched(labels.shape)} do not fit the model's output {batched(output)} with {loss}. {hint}"
    )


_CHECKS: dict[str, Callable[[Shape, _Labels, str], None]] = {
    "SparseCategoricalCrossentropy": _check_sparse,
    "CategoricalGeneralizedCrossEntropy": _check_sparse,
    "CategoricalCrossentropy": _check_categorical,
    "CategoricalFocalCrossentropy": _check_categorical,
    "CategoricalHinge": _check_categorical,
    "BinaryCrossentropy": _check_binary,
    "BinaryFocalCrossentropy": _check_binary,
    "Circle": _check_numbered,
    "CTC": _check_numbered,
}
