"""What the catalogue promises of each metric, and what the device is asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from metric_kit import random_array

from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.metrics.moments import Mean, Norm, Sum, Variance
from nntracker_ray.introspection.metrics.shares import ZeroShare
from nntracker_ray.introspection.on_keras.device_ops import DeviceOps
from nntracker_ray.introspection.topics import TENSOR_TOPICS

NAMES = [
    "batch_accuracy",
    "condition_number",
    "dead_share",
    "gradient_cosine",
    "gradient_noise_scale",
    "hessian_eigenvalues",
    "histogram",
    "mean",
    "mean_over_layers",
    "norm",
    "ratio",
    "saturated_share",
    "spectral_norm",
    "sum",
    "svcca",
    "test_accuracy",
    "variance",
    "zero_share",
]


def test_every_metric_that_is_promised_is_there():
    """Under the name that people write in their files."""
    assert sorted(BUILT_IN) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_tells_its_formula_and_its_source(name):
    """One can look up what a number means without reading code."""
    metric = BUILT_IN[name]
    text = inspect.getdoc(metric) or ""

    assert metric.summary == text.split("\n")[0]
    assert metric.summary.endswith(".")
    assert "Formula:" in text
    assert "Source:" in text


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_had_without_conf_except_the_one_that_needs_to_know_more(name):
    """Presets name metrics and nothing else."""
    made = BUILT_IN[name](**({"of": ["weights/mean"]} if name == "mean_over_layers" else {}))

    assert made.topics or made.any_tensor
    assert not made.any_tensor or set(made.topics) <= set(made.allowed)
    assert set(made.allowed) <= set(TENSOR_TOPICS)
    assert made.memory() is not None
    made.remember({})


def test_what_is_dear_is_looked_at_once_an_epoch():
    """Unless one says otherwise."""
    dear = {name for name, metric in BUILT_IN.items() if metric.default_epochs == 1}

    assert dear == {"condition_number", "svcca", "hessian_eigenvalues", "test_accuracy"}


def test_the_catalogue_loads_neither_keras_nor_tensorflow():
    """A form that lists metrics is drawn by the web server, which has no need of them."""
    code = (
        "import sys, nntracker_ray.introspection.metrics; print({'keras', 'tensorflow'} & set(sys.modules))"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "set()"


def test_moments_of_the_same_tensor_share_one_call():
    """Four metrics of a layer cost one pass, and add one function call to the graph that is to be compiled."""
    operations = _operations_of(Mean(), Sum(), Variance(), Norm())

    assert len(_calls(operations)) == 1
    assert len(operations) < 20


def test_only_what_is_asked_for_is_worked_out():
    """Counting zeros is a pass of its own, which those who ask for means do not pay for."""
    assert _calls(_operations_of(Mean())) != _calls(_operations_of(ZeroShare()))
    assert len(_calls(_operations_of(Mean(), ZeroShare()))) == 2


def _operations_of(*metrics):
    """Of the graph of a look for these metrics of one tensor."""

    def look(tensor):
        ops = DeviceOps()
        return [metric.reduce({"weights": tensor}, ops) for metric in metrics]

    given = tf.TensorSpec([None, 8], tf.float32)
    return tf.function(look, autograph=False).get_concrete_function(given).graph.get_operations()


def _calls(operations):
    return [one.get_attr("f").name for one in operations if "PartitionedCall" in one.type]


def test_the_call_of_a_tensor_is_not_taken_apart_again():
    """Inlined, hundreds of small operations would be compiled for each layer."""

    def look(tensor):
        return DeviceOps().statistics(tensor)["mean"]

    graph = tf.function(look, autograph=False).get_concrete_function(tf.TensorSpec([3], tf.float32)).graph

    (called,) = _calls(graph.get_operations())
    functions = MessageToDict(graph.as_graph_def())["library"]["function"]
    (attributes,) = (one["attr"] for one in functions if one["signature"]["name"] == called)
    assert attributes["_noinline"] == {"b": True}


def test_different_tensors_are_never_taken_for_each_other():
    """Even when the first is gone and the next has its place in memory."""
    ops = DeviceOps()

    means = [float(ops.statistics(tf.constant([float(k)]))["mean"]) for k in range(200)]

    assert means == list(range(200))


def test_plug_ins_find_all_of_keras_ops():
    """One interface for what every metric needs and what only one of them does."""
    array = random_array((4, 5))

    np.testing.assert_allclose(DeviceOps().max(tf.constant(array)), array.max())
    with pytest.raises(AttributeError, match="no_such_function"):
        _ = DeviceOps().no_such_function


def test_looks_may_be_compiled_as_a_whole():
    """XLA sees the same functions, and gives the same numbers."""
    array = random_array((30, 6))

    def look(tensor):
        ops = DeviceOps()
        return (
            ops.statistics(tensor)["variance"],
            ops.value_counts(tensor, 7)["counts"],
            ops.p_norm(tensor, 3.0),
        )

    variance, counts, norm = tf.function(look, autograph=False, jit_compile=True)(tf.constant(array))

    wide = array.astype(np.float64)
    np.testing.assert_allclose(variance, wide.var(ddof=1), rtol=1e-12)
    np.testing.assert_array_equal(counts, np.histogram(wide, bins=7)[0])
    np.testing.assert_allclose(norm, np.linalg.norm(wide.ravel(), 3), rtol=1e-12)
