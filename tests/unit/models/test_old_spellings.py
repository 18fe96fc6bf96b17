"""What earlier Keras versions wrote means today what it meant then."""

import json

import pytest

from nntracker_ray.errors import ModelError
from nntracker_ray.models import parse_model
from tests.unit.models.model_parts import (
    dense,
    graph,
    layer,
    node,
    placed,
    sequential,
    source,
    stack,
    tensor,
)


def old(class_name, name, **config):
    return {
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
    }


def read(*layers, shape=(4,)):
    """A Sequential as Keras 2 wrote it, its shape on the first layer, without an InputLayer."""
    first, *rest = layers
    first = {**first, "config": {**first["config"], "batch_input_shape": [None, *shape]}}
    return parse_model(
        json.dumps(
            {
                "class_name": "Sequential",
                "config": {"name": "m", "layers": [first, *rest]},
                "keras_version": "2.4.0",
            }
        )
    )


def new(*layers, shape=(4,)):
    first = {
        **source(*shape),
        "config": {"name": f"{layers[0]['config']['name']}_input", "batch_shape": [None, *shape]},
    }
    return parse_model(json.dumps(sequential("m", first, *layers)))


def test_a_sequential_may_be_the_bare_list_of_its_layers():
    """Keras up to 2.2.2."""
    config = [old("Dense", "d", units=3, batch_input_shape=[None, 4]), old("Dense", "e", units=2)]

    description = parse_model(json.dumps({"class_name": "Sequential", "config": config}))

    assert description.input_shape == (4,)
    assert [info.name for info in description.layers] == ["d", "e"]
    assert description.parameters == 4 * 3 + 3 + 3 * 2 + 2


@pytest.mark.parametrize(
    ("before", "now", "shape"),
    [
        (old("LeakyReLU", "l", alpha=0.25), layer("LeakyReLU", "l", negative_slope=0.25), (4,)),
        (old("ThresholdedReLU", "l", theta=0.5), layer("ReLU", "l", threshold=0.5), (4,)),
        (
            old("Embedding", "l", input_dim=9, output_dim=2, input_length=4),
            layer("Embedding", "l", input_dim=9, output_dim=2),
            (4,),
        ),
        (old("LSTM", "l", units=2, time_major=False, implementation=2), layer("LSTM", "l", units=2), (3, 4)),
        (old("BatchNormalization", "l", axis=[3]), layer("BatchNormalization", "l", axis=3), (5, 5, 2)),
        (old("Activation", "l", activation="swish"), layer("Activation", "l", activation="silu"), (4,)),
        (
            old(
                "Dense",
                "l",
                units=3,
                kernel_initializer={
                    "class_name": "RandomUniform",
                    "config": {"minval": -1, "maxval": 1, "seed": None, "dtype": "float32"},
                },
            ),
            dense(
                "l",
                kernel_initializer={"class_name": "RandomUniform", "config": {"minval": -1.0, "maxval": 1.0}},
            ),
            (4,),
        ),
        (
            old("Dense", "l", units=3, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.5}}),
            dense("l", kernel_regularizer={"class_name": "L2", "config": {"l2": 0.5}}),
            (4,),
        ),
        ({**old("Dense", "l", units=3), "shared_object_id": 4}, dense("l"), (4,)),
        (
            old("Reshape", "l", target_shape={"class_name": "__tuple__", "items": [2, 2]}),
            layer("Reshape", "l", target_shape=[2, 2]),
            (4,),
        ),
        (old("Dense", "l", units=3, dynamic=False), dense("l"), (4,)),
    ],
    ids=lambda value: value["class_name"] if isinstance(value, dict) else "",
)
def test_old_keys_and_names_are_translated(before, now, shape):
    """Files of years ago load without a hand on them."""
    assert read(before, shape=shape).json == new(now, shape=shape).json


def test_dtype_policies_are_read_by_their_name():
    """tf.keras wrote {"class_name": "Policy"}, Keras 3 writes {"class_name": "DTypePolicy"}."""
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    later = {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "mixed_float16"},
        "registered_name": None,
    }

    texts = {parse_model(stack(dense(dtype=dtype))).json for dtype in (policy, later, "mixed_float16")}

    assert len(texts) == 1


def test_the_class_name_model_means_functional():
    """Keras before 2.4 said Model."""
    text = graph(placed(source()), placed(dense("end"), node(tensor("source"))))

    assert parse_model(text.replace('"Functional"', '"Model"')).json == parse_model(text).json


def test_a_nested_sequential_without_a_shape_takes_what_comes():
    """Keras builds it at its first call; so do the shapes here."""
    inner = sequential("inner", dense("a", 5), dense("b", 2))

    description = parse_model(
        graph(placed(source(7)), placed({**inner}, node(tensor("source"))), outputs=["inner", 0, 0])
    )

    assert [(info.name, info.parameters) for info in description.layers] == [("inner/a", 40), ("inner/b", 12)]


def test_old_switches_that_would_change_the_model_are_refused():
    """Dropping time_major=true silently would mix up batch and time."""
    with pytest.raises(ModelError, match="time_major"):
        parse_model(stack(layer("LSTM", units=2, time_major=True), shape=(3, 4)))


def test_a_tensor_may_be_named_in_the_call_of_keras2():
    """tf.keras wrote the value of an attention layer as a keyword."""
    attention = {
        **layer("MultiHeadAttention", "end", module=None, num_heads=1, key_dim=2),
        "name": "end",
        "inbound_nodes": [[["source", 0, 0, {"value": ["source", 0, 0]}]]],
    }

    assert parse_model(graph(placed(source(3, 4)), attention)).output_shape == (3, 4)
