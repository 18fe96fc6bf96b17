"""Models of every structure Keras can draw: nested, shared, several inputs and outputs, masked, frozen."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as kl

from nntracker_ray.errors import ModelError
from nntracker_ray.models import DEFAULT_LIMITS, build_model, layer_arrays, layer_variables, parse_model
from nntracker_ray.models.table import LAYERS
from tests.integration.models.keras2_writer import as_keras2

DATA = Path(__file__).parents[2] / "data" / "models"


def sequential_in_sequential():
    inner = keras.Sequential([keras.Input((6,)), kl.Dense(4), kl.BatchNormalization()], name="inner")
    return keras.Sequential([keras.Input((6,)), inner, kl.Dense(2)])


def nested_model_first():
    inner = keras.Sequential([keras.Input((6,)), kl.Dense(4)], name="inner")
    return keras.Sequential([inner, kl.Dense(2)])


def sequential_in_functional():
    inner = keras.Sequential([keras.Input((6,)), kl.Dense(4)], name="inner")
    inputs = keras.Input((6,))
    return keras.Model(inputs, kl.Dense(2)(inner(inputs)))


def functional_used_twice():
    inside = keras.Input((6,), name="inside")
    inner = keras.Model(inside, kl.Dense(3)(inside), name="inner")
    one, other = keras.Input((6,), name="one"), keras.Input((6,), name="other")
    first, second = inner(one), inner(other)
    return keras.Model([one, other], [kl.Concatenate()([first, second]), second])


def nested_model_as_output():
    inside = keras.Input((6,), name="inside")
    inner = keras.Model(inside, kl.Dense(3)(inside), name="inner")
    inputs = keras.Input((6,))
    return keras.Model(inputs, inner(kl.Dense(6)(inputs)))


def nested_with_two_inputs_and_outputs():
    left, right = keras.Input((4,), name="left"), keras.Input((5,), name="right")
    inner = keras.Model([left, right], [kl.Dense(3)(left), kl.Dense(2)(right)], name="inner")
    one, other = keras.Input((4,), name="one"), keras.Input((5,), name="other")
    first, second = inner([one, other])
    return keras.Model([one, other], kl.Concatenate()([second, first]))


def shared_layer_in_a_row():
    inputs = keras.Input((6,))
    shared = kl.Dense(6, name="shared")
    return keras.Model(inputs, kl.Dense(1)(shared(shared(shared(inputs)))))


def residual():
    inputs = keras.Input((8, 8, 3))
    x = kl.Conv2D(4, 3, padding="same")(inputs)
    y = kl.BatchNormalization()(kl.Conv2D(4, 3, padding="same", kernel_regularizer="l2")(x))
    x = kl.MaxPooling2D()(kl.Add()([x, y]))
    return keras.Model(
        inputs, kl.Dense(3, activation="softmax")(kl.Dropout(0.2)(kl.GlobalAveragePooling2D()(x)))
    )


def encoder_decoder():
    source, target = keras.Input((5, 3), name="source"), keras.Input((4, 3), name="target")
    _, hidden, cell = kl.LSTM(6, return_state=True)(source)
    return keras.Model(
        [source, target], kl.Dense(2)(kl.LSTM(6, return_sequences=True)(target, initial_state=[hidden, cell]))
    )


def dictionary_ends():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    return keras.Model({"b": b, "a": a}, {"z": kl.Dense(1)(a), "y": kl.Dense(2)(b)})


def attention_with_scores():
    inputs = keras.Input((5, 4))
    mixed, scores = kl.MultiHeadAttention(2, 3)(
        inputs, inputs, return_attention_scores=True, use_causal_mask=True
    )
    return keras.Model(inputs, [kl.GlobalAveragePooling1D()(mixed), scores])


def wrapped_models():
    inner = keras.Sequential([keras.Input((4,)), kl.Dense(3), kl.Dropout(0.1)], name="inner")
    inputs = keras.Input((5, 4))
    x = kl.TimeDistributed(inner)(inputs)
    return keras.Model(inputs, kl.Bidirectional(kl.GRU(2, name="gru"), name="both")(x))


def masked_words():
    words = keras.Input((7,))
    x = kl.Embedding(9, 4, mask_zero=True)(words)
    x = kl.LSTM(3, return_sequences=True)(x)
    return keras.Model(words, kl.Dense(2)(kl.GRU(3)(kl.Dropout(0.1)(x))))


def masked_sequence():
    inputs = keras.Input((7, 3))
    return keras.Model(inputs, kl.LSTM(2)(kl.Masking(0.0)(inputs)))


STRUCTURES = [
    sequential_in_sequential,
    nested_model_first,
    sequential_in_functional,
    functional_used_twice,
    nested_model_as_output,
    nested_with_two_inputs_and_outputs,
    shared_layer_in_a_row,
    residual,
    encoder_decoder,
    dictionary_ends,
    attention_with_scores,
    wrapped_models,
    masked_words,
    masked_sequence,
]
# Keras 2 has no names for the inputs and outputs of a dictionary's order, and masks were not layers there.
IN_KERAS_2 = [make for make in STRUCTURES if make not in (masked_words, masked_sequence)]


@pytest.fixture(scope="module", params=STRUCTURES, ids=lambda make: make.__name__)
def original(request):
    keras.utils.set_random_seed(3)
    return request.param()


def _predictions(model, flat):
    structure = model._inputs_struct if hasattr(model, "_inputs_struct") else None
    given = keras.tree.pack_sequence_as(structure, flat) if structure is not None else flat[0]
    return [np.asarray(output) for output in keras.tree.flatten(model(given))]


def test_a_rebuilt_structure_predicts_as_the_original(original):
    """Wrong wiring would train happily and mean nothing."""
    rebuilt = build_model(parse_model(original.to_json()).json)
    by_name = {(a.layer_name, a.tensor): a.array for a in layer_arrays(original)}
    for found in layer_variables(rebuilt):
        found.variable.assign(by_name[found.layer_name, found.tensor])

    random = np.random.default_rng(5)
    examples = [random.integers(0, 5, (2, *tensor.shape[1:])).astype("float32") for tensor in original.inputs]

    for ours, theirs in zip(_predictions(rebuilt, examples), _predictions(original, examples), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_static_shapes_and_parameters_of_a_structure_are_those_of_keras(original):
    """Shared layers count once, nested ones in full."""
    description = parse_model(original.to_json())

    assert description.parameters == original.count_params()
    assert [(None, *shape) for shape in description.outputs] == [tensor.shape for tensor in original.outputs]
    assert [(None, *shape) for shape in description.inputs] == [tensor.shape for tensor in original.inputs]
    assert parse_model(description.json) == description


def test_plain_keras_reads_the_canonical_structure(original):
    """The download is useful without us."""
    description = parse_model(original.to_json())

    loaded = keras.models.model_from_json(description.json)

    assert loaded.count_params() == description.parameters
    assert [tensor.shape[1:] for tensor in loaded.outputs] == list(description.outputs)


@pytest.mark.parametrize("make", IN_KERAS_2, ids=lambda make: make.__name__)
def test_keras2_json_of_a_structure_means_the_same_model(make):
    """Keras 2 counts the uses of a nested model from 1 and writes the initial state among the inputs."""
    original = make()

    assert parse_model(as_keras2(original.to_json())).json == parse_model(original.to_json()).json


def test_the_example_of_the_original_tracker_is_read_unchanged():
    """Its users must be able to come over with the files they have."""
    description = parse_model((DATA / "tracker_model_keras2.json").read_bytes())

    model = build_model(description.json)

    assert description.parameters == model.count_params() == 101_770
    assert [layer.name for layer in model.layers] == ["flatten_2", "dense_4", "dense_5"]
    assert [(a.layer_index, a.layer_name, a.tensor, a.array.shape) for a in layer_arrays(model)] == [
        (1, "dense_4", "kernel", (784, 128)),
        (1, "dense_4", "bias", (128,)),
        (2, "dense_5", "kernel", (128, 10)),
        (2, "dense_5", "bias", (10,)),
    ]
    assert parse_model(model.to_json()).digest == description.digest


def test_arrays_inside_nested_models_and_wrappers_have_qualified_names_and_indices_of_their_own():
    """Two arrays stored under one key would overwrite each other."""
    inner = keras.Sequential([keras.Input((4,)), kl.Dense(3, name="dense")], name="inner")
    both = kl.Bidirectional(kl.GRU(2, name="gru"), name="both")
    model = keras.Sequential([keras.Input((5, 4)), kl.TimeDistributed(inner), both])

    found = [(v.layer_index, v.layer_name, v.tensor) for v in layer_variables(model)]

    assert len(set(found)) == len(found) == len(model.weights)
    names = {name.split("/", 1)[1] for _, name, _ in found}
    assert names == {"inner/dense", "forward_gru", "backward_gru"}
    by_index = {}
    for index, name, _ in found:
        assert by_index.setdefault(index, name) == name


def test_every_array_of_normalisation_and_embedding_layers_is_named():
    """What moves without being trained belongs to the picture too."""
    model = keras.Sequential(
        [keras.Input((4,)), kl.Embedding(5, 3), kl.BatchNormalization(), kl.LSTM(2), kl.Dropout(0.5)]
    )

    names = [(a.layer_name.split("_")[0], a.tensor) for a in layer_arrays(model)]

    assert [tensor for layer, tensor in names if layer == "embedding"] == ["embeddings"]
    assert [tensor for layer, tensor in names if layer == "batch"] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ]
    assert [tensor for layer, tensor in names if layer == "lstm"] == ["kernel", "recurrent_kernel", "bias"]
    assert not [tensor for layer, tensor in names if layer == "dropout"]


def test_frozen_layers_stay_frozen_and_the_others_do_not():
    """Transfer learning depends on it; Keras' own loader unfreezes layers of a trainable model."""
    original = residual()
    original.layers[1].trainable = False

    rebuilt = build_model(parse_model(original.to_json()).json)

    assert [layer.trainable for layer in rebuilt.layers] == [layer.trainable for layer in original.layers]


def test_a_frozen_nested_model_is_frozen_whole():
    """A pretrained block must not move."""
    original = sequential_in_functional()
    original.get_layer("inner").trainable = False

    rebuilt = build_model(parse_model(original.to_json()).json)

    assert len(rebuilt.trainable_weights) == len(original.trainable_weights) == 2


def test_the_defaults_of_the_allow_list_are_those_of_keras():
    """A key left out must mean what it means in Keras."""
    needed = {
        "units": 3,
        "filters": 3,
        "kernel_size": 2,
        "rate": 0.1,
        "stddev": 0.1,
        "target_shape": [3],
        "dims": [1],
        "n": 2,
        "input_dim": 3,
        "output_dim": 3,
        "num_heads": 1,
        "key_dim": 1,
        "axes": 1,
        "scale": 1.0,
        "mean": 0.0,
        "variance": 1.0,
        "activation": "relu",
        "pool_size": 2,
    }
    different = {}
    for name, kind in LAYERS.items():
        if kind.wraps or name == "InputLayer":
            continue
        required = {
            key: needed[key]
            for key, spec in kind.keys.items()
            if spec.default == "\0required" or key == "pool_size"
        }
        written = getattr(kl, name)(**required).get_config()
        ours = {
            key: spec.check(required[key]) if key in required else spec.default
            for key, spec in kind.keys.items()
        }
        for key in ours.keys() & written.keys() - {"dtype", "strides", "value_dim"}:
            theirs = kind.keys[key].check(_lists(written[key]))
            if theirs != ours[key]:
                different[name, key] = (ours[key], theirs)
    assert different == {}


def _lists(value):
    return [_lists(entry) for entry in value] if isinstance(value, tuple | list) else value


def test_the_longest_chain_allowed_can_be_built():
    """A limit above what Keras can do would turn a refusal into a crash."""
    layers = [
        {"class_name": "Activation", "config": {"name": f"a{n}", "activation": "relu"}}
        for n in range(DEFAULT_LIMITS.chain)
    ]
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 2]}}
    text = json.dumps({"class_name": "Sequential", "config": {"name": "long", "layers": [first, *layers]}})

    assert len(build_model(text).layers) == DEFAULT_LIMITS.chain


def test_what_keras_itself_refuses_is_a_model_error():
    """Whatever slips past the rules must not look like a crash of ours."""
    text = parse_model(sequential_in_sequential().to_json()).json
    broken = text.replace('"axis":-1', '"axis":0')

    with pytest.raises(ModelError):
        build_model(broken)
