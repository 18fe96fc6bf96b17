"""What topics carry equals what an eager tape of TensorFlow finds for the same step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from looked_at import BATCH, MODELS, SEEN, inspector, made, subscription, table
from numpy.typing import NDArray

from nntracker_ray.introspection import Topic
from nntracker_ray.models.arrays import LayerVariable, layer_variables

Place = tuple[str, str]
Array = NDArray[Any]
Seen = dict[str, dict[Place, Array]]


@dataclass
class Step:
    """One step of a model: as it was, as a tape sees it, as a look has seen it, and as it was afterwards."""

    model: keras.Model
    arrays: list[LayerVariable]
    before: dict[Place, Array]
    gradients: dict[Place, Array]
    loss: float
    outputs: Array
    activations: dict[str, Array]  # of layers that are called once
    probed: dict[str, Array]
    at_last: tuple[str, Array]  # the layer that feeds the last one, and the slope of the loss there
    seen: Seen
    after: dict[Place, Array]


@pytest.fixture(scope="module", params=MODELS)
def step(request: pytest.FixtureRequest) -> Step:
    """In float64, so that two orders of a sum agree to more digits than a wrong formula would."""
    with computing_in("float64"):
        model = made(request.param, dtype="float64")
        x, y = table()
        model.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False)  # moving averages and masks have moved
        return step_of(model)


@contextmanager
def computing_in(kind: str) -> Iterator[None]:
    """What Keras computes in where nobody says; it belongs to the whole process."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(kind)
    keras.config.set_dtype_policy(kind)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def batch() -> tuple[tf.Tensor, tf.Tensor]:
    x, y = table()
    return tf.constant(x[:BATCH], tf.float64), tf.constant(y[:BATCH])


def step_of(model: keras.Model) -> Step:
    arrays = layer_variables(model)
    gradients, loss, outputs = tape_of(model, arrays)
    activations, probed = activations_of(model)
    slope, before = slope_at_last(model), values_of(arrays)
    return Step(
        model,
        arrays,
        before,
        gradients,
        loss,
        outputs,
        activations,
        probed,
        slope,
        looked(model),
        values_of(arrays),
    )


def values_of(arrays: list[LayerVariable]) -> dict[Place, Array]:
    return {(one.layer_name, one.tensor): one.variable.numpy() for one in arrays}


def looked(model: keras.Model) -> Seen:
    """Everything that there is to see of one step, which is made."""
    subscriptions = [subscription(topic) for topic in SEEN]
    look = inspector(model, table()[0].astype(np.float64))
    looking = look.before(subscriptions, batch, 1)
    model.train_on_batch(*batch())
    found: Seen = {}
    for one in look.after(looking, 1).reduced():
        found.setdefault(one.subscription.topics[0], {})[one.layer, one.tensor] = next(
            iter(one.values.values())
        )
    assert [one.suspended for one in subscriptions] == [None] * len(subscriptions)
    return found


@contextmanager
def put_back(model: keras.Model) -> Iterator[None]:
    values = [variable.numpy() for variable in model.variables]
    yield
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)


def tape_of(model: keras.Model, arrays: list[LayerVariable]) -> tuple[dict[Place, Array], float, Array]:
    """Gradients of the trained arrays, loss and outputs, eagerly."""
    x, y = batch()
    with put_back(model), tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = model.compute_loss(x, y, outputs)
        found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    by_variable = {
        id(variable): tf.convert_to_tensor(one).numpy()
        for variable, one in zip(model.trainable_variables, found, strict=True)
    }
    gradients = {
        (one.layer_name, one.tensor): by_variable[id(one.variable)]
        for one in arrays
        if id(one.variable) in by_variable
    }
    return gradients, float(loss), outputs.numpy()


def activations_of(model: keras.Model) -> tuple[dict[str, Array], dict[str, Array]]:
    """Of layers that are called once: in training mode for the batch, in inference mode for the probe."""
    once = [layer for layer in model.layers if len(layer._inbound_nodes) == 1 and is_plain(layer)]
    every = keras.Model(model.inputs, [layer.output for layer in once])
    with put_back(model):
        probed = every(tf.constant(table()[0][:10], tf.float64), training=False)
    with put_back(model):
        training = every(batch()[0], training=True)
    names = [layer.name for layer in once]
    return (
        {name: one.numpy() for name, one in zip(names, training, strict=True)},
        {name: one.numpy() for name, one in zip(names, probed, strict=True)},
    )


def is_plain(layer: keras.layers.Layer) -> bool:
    return not isinstance(layer, keras.Model | keras.layers.InputLayer)


def slope_at_last(model: keras.Model) -> tuple[str, Array]:
    """Of the batch's loss with respect to what the last layer is given, and who gives it."""
    x, y = batch()
    last, path = model.layers[-1], model.layers[-1].input
    below = keras.Model(model.inputs, path)
    with put_back(model), tf.GradientTape() as tape:
        given = below(x, training=True)
        tape.watch(given)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, last(given)))
    return path._keras_history.operation.name, tape.gradient(loss, given).numpy()


def test_gradients_loss_and_outputs_are_those_of_the_step(step: Step):
    """Same batch, same masks, regularizers included."""
    found = {**step.seen[Topic.WEIGHT_GRADIENTS], **step.seen[Topic.BIAS_GRADIENTS]}

    assert found.keys() == step.gradients.keys()
    for place, gradient in step.gradients.items():
        np.testing.assert_allclose(found[place], gradient, rtol=1e-9, atol=1e-12)
    assert step.seen[Topic.LOSS]["", ""] == pytest.approx(step.loss, rel=1e-9)
    np.testing.assert_allclose(step.seen[Topic.OUTPUTS]["", ""], step.outputs, rtol=1e-9)


def test_weights_are_those_before_the_step_and_updates_what_it_changed(step: Step):
    """Weight and update of one message belong together."""
    arrays = {**step.seen[Topic.WEIGHTS], **step.seen[Topic.BIASES]}
    updates = {**step.seen[Topic.WEIGHT_UPDATES], **step.seen[Topic.BIAS_UPDATES]}

    assert arrays.keys() == updates.keys() == step.before.keys()
    for place, before in step.before.items():
        np.testing.assert_array_equal(arrays[place], before)
        np.testing.assert_array_equal(updates[place], step.after[place] - before)
    assert all(np.any(updates[place]) for place in step.seen[Topic.WEIGHT_GRADIENTS])


def test_weights_have_two_dimensions_and_more_and_biases_fewer(step: Step):
    """Kernels and embeddings on the one side; biases, scales and moving averages on the other."""
    assert {array.ndim >= 2 for array in step.seen[Topic.WEIGHTS].values()} == {True}
    assert {array.ndim >= 2 for array in step.seen[Topic.BIASES].values()} == {False}


def test_the_gradient_at_a_layer_is_the_slope_of_the_loss(step: Step):
    """With respect to what the layer gives, the batch averaged as the loss averages."""
    feeding, slope = step.at_last

    found = step.seen[Topic.LAYER_GRADIENTS]

    place = next(place for place in found if place[0] == feeding or place[0].startswith(f"{feeding}/"))
    np.testing.assert_allclose(found[place], slope, rtol=1e-8, atol=1e-12)


def test_activations_of_the_batch_and_of_the_probe(step: Step):
    """In training mode for the batch; in inference mode for the probe, always of the same rows."""
    for name, expected in step.activations.items():
        np.testing.assert_allclose(step.seen[Topic.ACTIVATIONS][name, ""], expected, rtol=1e-9, atol=1e-12)
    for name, expected in step.probed.items():
        np.testing.assert_allclose(
            step.seen[Topic.PROBE_ACTIVATIONS][name, ""], expected, rtol=1e-9, atol=1e-12
        )


def test_a_shared_layer_is_heard_at_each_call():
    """Its two calls are two tensors; its weights are one. A layer inside a nested model has both names."""
    model = made("shared")
    x, y = table()
    subscriptions = [subscription(topic) for topic in (Topic.ACTIVATIONS, Topic.WEIGHTS)]

    look = inspector(model, x).before(subscriptions, lambda: (tf.constant(x), tf.constant(y)), 1)
    (group, early, _) = look.groups[0]
    seen = {
        (one.subscription.topics[0], one.layer, one.tensor): one
        for one in group.observation.reduced(early, [])
    }

    calls = [seen["activations", "twice", tensor].values["activations"] for tensor in ("", "1")]
    assert not np.array_equal(*calls)
    assert ("activations", "inner/deep", "") in seen
    assert [place for place in seen if place[:2] == ("weights", "twice")] == [("weights", "twice", "kernel")]
