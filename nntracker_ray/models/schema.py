"""The strict schema of models: the one door through which a model description comes in."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from nntracker_ray.models.canonical import canonical_json, digest_of
from nntracker_ray.models.cost import Costing, Sized, cost_of
from nntracker_ray.models.findings import Findings
from nntracker_ray.models.json_text import read_json
from nntracker_ray.models.kinds import Shape
from nntracker_ray.models.limits import DEFAULT_LIMITS, ModelLimits
from nntracker_ray.models.reader import Reader
from nntracker_ray.models.tree import Model


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer of a model, as it will be built."""

    name: str  # qualified inside nested models and wrappers: "inner/dense_1"
    class_name: str
    output_shape: Shape  # of its first output, without the batch dimension
    parameters: int
    arrays: tuple[tuple[str, tuple[int, ...]], ...]  # ("kernel", (784, 128)), ...


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model that passed the schema. Shapes are without the batch dimension; None is an open length."""

    json: str  # canonical Keras 3 JSON, rebuilt from the validated tree
    digest: str  # SHA-256 of `json`, hex
    name: str
    input_shape: Shape  # of the first input
    output_shape: Shape  # of the first output
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    layers: tuple[LayerInfo, ...]  # in the order of the data; InputLayers left out
    parameters: int  # numbers in all weight arrays, those not trained included


class CheckedModel(NamedTuple):
    """The validated tree with its costs, for the builder."""

    tree: Model
    costing: Costing
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]


def parse_model(text: str | bytes, limits: ModelLimits = DEFAULT_LIMITS) -> ModelDescription:
    """A model from Keras 2 or Keras 3 JSON, checked against the allow-list and the limits.

    Keras is neither imported nor asked; nothing is built. Of the text only validated values survive.

    Raises: ModelError: naming each layer and what is wrong with it.
    """
    checked = check_model(text, limits)
    canonical = canonical_json(checked.tree, checked.costing)
    return ModelDescription(
        json=canonical,
        digest=digest_of(canonical),
        name=checked.tree.name,
        input_shape=checked.inputs[0],
        output_shape=checked.outputs[0],
        inputs=checked.inputs,
        outputs=checked.outputs,
        layers=tuple(_info(sized) for sized in checked.costing.layers.values()),
        parameters=checked.costing.parameters,
    )


def check_model(text: str | bytes, limits: ModelLimits = DEFAULT_LIMITS) -> CheckedModel:
    """The validated tree and its costs. Raises: ModelError."""
    findings = Findings()
    tree = Reader(limits, findings).model(read_json(text, limits))
    findings.raise_if_any()
    assert tree is not None  # noqa: S101 - a reader that returns nothing has said why
    return CheckedModel(tree, *cost_of(tree, limits))


def _info(sized: Sized) -> LayerInfo:
    arrays = tuple((weight.tensor, weight.shape) for weight in sized.weights)
    return LayerInfo(
        sized.name, sized.class_name, sized.outputs[0], sum(prod(shape) for _, shape in arrays), arrays
    )
