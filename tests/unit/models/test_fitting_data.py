"""A model, a loss and the data are compared before any training; a refusal names both shapes and a way out."""

import json

import pytest

from nntracker_ray.errors import ModelError
from nntracker_ray.models import check_fits, parse_model
from nntracker_ray.records import NamedConf
from tests.unit.models.model_parts import dense, graph, layer, node, placed, sequential, source, tensor

SPARSE, CATEGORICAL, BINARY, SQUARED = (
    NamedConf(name)
    for name in (
        "SparseCategoricalCrossentropy",
        "CategoricalCrossentropy",
        "BinaryCrossentropy",
        "MeanSquaredError",
    )
)


def model(*shape, units=10):
    layers = (layer("Flatten", "flat"), dense("out", units)) if len(shape) > 1 else (dense("out", units),)
    return parse_model(json.dumps(sequential("m", source(*shape), *layers)))


def check(model, loss, features, labels=(), dtype="int64", classes=None):
    check_fits(
        model, feature_shape=features, label_shape=labels, label_dtype=dtype, classes=classes, loss=loss
    )


@pytest.mark.parametrize(
    ("shape", "units", "loss", "labels", "dtype", "classes"),
    [
        ((28, 28), 10, SPARSE, (), "uint8", 10),
        ((28, 28), 10, SPARSE, (1,), "int64", 7),
        ((28, 28), 10, CATEGORICAL, (10,), "float32", None),
        ((4,), 1, BINARY, (), "int64", 2),
        ((4,), 1, BINARY, (1,), "bool", None),
        ((4,), 5, BINARY, (5,), "float32", None),
        ((4,), 1, SQUARED, (), "float64", None),
        ((4,), 3, SQUARED, (3,), "float32", None),
        ((None, 4), 3, SQUARED, (None, 3), "float32", None),
    ],
)
def test_data_that_fits_is_accepted(shape, units, loss, labels, dtype, classes):
    """Every usual pairing of output, labels and loss trains."""
    fitting = (
        model(*shape, units=units)
        if None not in shape
        else parse_model(json.dumps(sequential("m", source(*shape), dense("out", units))))
    )

    check(
        fitting,
        loss,
        tuple(6 if n is None else n for n in shape),
        tuple(6 if n is None else n for n in labels),
        dtype,
        classes,
    )


@pytest.mark.parametrize(
    ("shape", "features", "words"),
    [
        ((28, 28, 1), (28, 28), ("(None, 28, 28)", "(None, 28, 28, 1)", "Reshape", "[28, 28, 1]", "channel")),
        ((28, 28), (28, 28, 1), ("(None, 28, 28, 1)", "(None, 28, 28)", "Reshape", "[28, 28]")),
        ((784,), (28, 28), ("(None, 28, 28)", "(None, 784)", "784 numbers", "Flatten")),
        ((28, 28), (784,), ("784 numbers", "Reshape", "[28, 28]")),
        ((28, 28), (32, 32), ("(None, 32, 32)", "(None, 28, 28)", "batch_shape")),
        ((4,), (7,), ("(None, 7)", "(None, 4)")),
    ],
)
def test_features_of_another_shape_are_refused_with_both_shapes(shape, features, words):
    """Keras says this after minutes of preparation, in a traceback of fifty lines."""
    with pytest.raises(ModelError) as refusal:
        check(model(*shape), SPARSE, features)

    assert all(word in str(refusal.value) for word in words), str(refusal.value)


@pytest.mark.parametrize(
    ("units", "loss", "labels", "dtype", "classes", "words"),
    [
        (10, SPARSE, (), "int64", 12, ("12 classes", "has 10", "12 units")),
        (1, SPARSE, (), "int64", 2, ("2 classes", "has 1")),
        (10, SPARSE, (10,), "float32", None, ("one-hot", "CategoricalCrossentropy")),
        (10, SPARSE, (), "float64", None, ("integer", "float64", "MeanSquaredError")),
        (10, SPARSE, (3,), "int64", None, ("(None, 3)", "(None, 10)")),
        (10, CATEGORICAL, (), "int64", 10, ("class numbers", "SparseCategoricalCrossentropy")),
        (10, CATEGORICAL, (7,), "float32", None, ("(None, 7)", "(None, 10)", "7 units")),
        (1, CATEGORICAL, (1,), "float32", None, ("BinaryCrossentropy",)),
        (1, BINARY, (), "int64", 10, ("2 classes", "need 10", "10 units")),
        (3, BINARY, (), "int64", 2, ("(None, 3)", "1 unit")),
        (3, SQUARED, (), "float32", None, ("(None, 3)", "1 unit")),
        (3, SQUARED, (2,), "float32", None, ("(None, 2)", "(None, 3)", "2 units")),
        (3, SQUARED, (), "U7", None, ("<U7",)),
    ],
)
def test_labels_that_do_not_suit_the_loss_are_refused_with_a_way_out(
    units, loss, labels, dtype, classes, words
):
    """Several of these would train, and mean nothing."""
    with pytest.raises(ModelError) as refusal:
        check(model(4, units=units), loss, (4,), labels, dtype, classes)

    assert all(word in str(refusal.value) for word in words), str(refusal.value)


def test_models_with_several_inputs_or_outputs_are_refused_for_a_single_dataset():
    """One feature array cannot feed two inputs."""
    other = layer("InputLayer", "other", batch_shape=[None, 4])
    joined = placed(layer("Add", "end"), node([tensor("source"), tensor("other")]))
    two_in = parse_model(
        graph(placed(source()), placed(other), joined, inputs=[["source", 0, 0], ["other", 0, 0]])
    )
    ends = [["end", 0, 0], ["source", 0, 0]]
    two_out = parse_model(graph(placed(source()), placed(dense("end"), node(tensor("source"))), outputs=ends))

    with pytest.raises(ModelError, match="2 inputs"):
        check(two_in, SQUARED, (4,), (4,), "float32")
    with pytest.raises(ModelError, match="2 outputs"):
        check(two_out, SQUARED, (4,), (3,), "float32")
