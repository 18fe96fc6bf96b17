"""Every promised layer comes through the schema unchanged: shapes, parameters, arrays, predictions."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from nntracker_ray.models import build_model, layer_arrays, parse_model
from nntracker_ray.models.table import LAYERS
from tests.integration.models.keras2_writer import as_keras2
from tests.integration.models.layer_cases import LISTED, all_cases

CASES = all_cases()


def _original(make, shapes):
    layer = make()
    inputs = [keras.Input(shape, name=f"in_{number}") for number, shape in enumerate(shapes)]
    outputs = layer(inputs) if type(layer).__name__ in LISTED else layer(*inputs)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], keras.tree.flatten(outputs), name="original")


def _examples(model):
    random = np.random.default_rng(7)
    shapes = [[4 if size is None else size for size in tensor.shape[1:]] for tensor in model.inputs]
    examples = [random.integers(1, 9, (2, *shape)).astype("float32") for shape in shapes]
    return examples if len(examples) > 1 else examples[0]


def _flat(outputs):
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


@pytest.fixture(scope="module", params=CASES, ids=[name for name, _, _ in CASES])
def original(request):
    _, make, shapes = request.param
    keras.utils.set_random_seed(3)
    return _original(make, shapes)


def test_shapes_and_arrays_worked_out_without_keras_are_those_of_keras(original):
    """The cost check is only as good as its arithmetic."""
    description = parse_model(original.to_json())

    outputs = original.output_shape if isinstance(original.output_shape, list) else [original.output_shape]
    assert [(None, *shape) for shape in description.outputs] == [tuple(shape) for shape in outputs]
    assert description.parameters == original.count_params()
    static = {(layer.name, tensor): shape for layer in description.layers for tensor, shape in layer.arrays}
    live = {(found.layer_name, found.tensor): found.array.shape for found in layer_arrays(original)}
    assert static == live


def test_the_rebuilt_model_predicts_as_the_original(original):
    """A model that passed the schema is the model the user drew."""
    rebuilt = build_model(parse_model(original.to_json()).json)
    rebuilt.set_weights(original.get_weights())

    examples = _examples(original)

    for ours, theirs in zip(_flat(rebuilt(examples)), _flat(original(examples)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_keras2_and_keras3_json_of_a_layer_mean_the_same_model(original):
    """Models saved years ago train like those saved today."""
    assert parse_model(as_keras2(original.to_json())).json == parse_model(original.to_json()).json


def test_the_canonical_json_is_read_by_us_and_by_keras(original):
    """What we store can be taken to plain Keras; reading it again changes nothing."""
    description = parse_model(original.to_json())

    assert parse_model(description.json) == description
    assert keras.models.model_from_json(description.json).count_params() == description.parameters


def test_every_layer_of_the_allow_list_has_a_case():
    """A layer without a case here is a promise nobody checked."""
    tried = {name.split("-")[0] for name, _, _ in CASES}

    assert set(LAYERS) - tried == {"InputLayer", "Activation"}  # both are inside the Sequential case
