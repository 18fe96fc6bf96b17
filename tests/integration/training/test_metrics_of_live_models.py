"""Each built-in metric of a live model equals NumPy on the very tensors of that step, to 1e-6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from looked_at import MODELS, inspector, made, subscription, table
from numpy.typing import NDArray

from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.introspection.messages import Message, Stamp
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import LAYER_TOPICS, Topic
from nntracker_ray.records import Observed
from tests.unit.introspection.listeners import STAMP

Array = NDArray[np.float64]
REFERENCES: dict[str, tuple[str, Callable[[Array], float]]] = {
    "mean": ("mean", lambda x: float(np.mean(x))),
    "sum": ("sum", lambda x: float(np.sum(x))),
    "variance": ("variance", lambda x: float(np.var(x, ddof=1)) if x.size > 1 else np.nan),
    "norm": ("norm", lambda x: float(np.sqrt(np.sum(x * x)))),
    "zero_share": ("zero_share", lambda x: float(np.mean(x == 0))),
    "spectral_norm": ("spectral_norm", lambda x: float(np.linalg.svd(matrix(x), compute_uv=False)[0])),
}
OF_MATRICES = ("spectral_norm",)


def matrix(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1, 1)


def metrics_of(*topics: str) -> list[Subscription]:
    """All metrics of any tensor in the table above, of each topic."""
    return [
        Subscription(Observed(name, topics=(topic,)), made)
        for topic in topics
        for name in REFERENCES
        if name not in OF_MATRICES or topic == Topic.WEIGHTS
        for made in known_metrics().subscribers_of(Observed(name, topics=(topic,)))
    ]


def looked(
    model: keras.Model, x: Any, y: Any, subscriptions: list[Subscription]
) -> dict[Any, dict[str, Any]]:
    """What each subscription measures at one step, which is made: by (index, layer, tensor)."""
    look = inspector(model, x)
    looking = look.before(subscriptions, lambda: (tf.constant(x), tf.constant(y)), 1)
    model.train_on_batch(x, y)
    places = {id(one): place for place, one in enumerate(subscriptions)}
    reduced = look.after(looking, 1).reduced()
    assert [one.suspended for one in subscriptions] == [None] * len(subscriptions)
    return {
        (places[id(one.subscription)], one.layer, one.tensor): dict(
            one.subscription.subscriber.measure(Message(STAMP, one.values, one.layer, one.tensor))
        )
        if places[id(one.subscription)] >= len(LAYER_TOPICS)
        else dict(one.values)
        for one in reduced
    }


def check(model: keras.Model, x: Any, y: Any) -> int:
    """Compare every metric with NumPy on what a neighbour in the same look has got raw. Returns comparisons."""
    raw = [subscription(topic) for topic in LAYER_TOPICS]
    metrics = metrics_of(*LAYER_TOPICS)
    found = looked(model, x, y, [*raw, *metrics])
    compared = 0
    for (place, layer, tensor), values in found.items():
        if place < len(raw):
            continue
        one = metrics[place - len(raw)]
        topic = one.topics[0]
        key, reference = REFERENCES[one.observed.metric]
        tensor_seen = found[LAYER_TOPICS.index(Topic(topic)), layer, tensor][topic].astype(np.float64)
        expected = reference(tensor_seen)
        # A mean of numbers that cancel is compared by their size.
        size = (
            float(np.abs(tensor_seen).mean())
            if one.observed.metric in ("mean", "sum") and tensor_seen.size
            else 0.0
        )
        size *= tensor_seen.size if one.observed.metric == "sum" else 1
        assert values[key] == pytest.approx(expected, rel=1e-6, abs=1e-6 * size + 1e-30, nan_ok=True), (
            one.observed,
            layer,
        )
        compared += 1
    return compared


@pytest.mark.parametrize("kind", MODELS)
def test_of_every_kind_of_model(kind: str):
    """Shared layers, recurrent ones, embeddings, attention, nested models."""
    assert check(made(kind), *table()) > 60


def stacked(dice: np.random.Generator) -> keras.Model:
    """Any few layers on each other."""
    layers = keras.layers
    kinds = (
        lambda: layers.Dense(int(dice.integers(1, 10)), dice.choice(["relu", "tanh", "gelu"])),
        layers.BatchNormalization,
        layers.LayerNormalization,
        lambda: layers.Dropout(float(dice.choice([0.0, 0.3])), seed=1),
    )
    chosen = [kinds[dice.integers(len(kinds))]() for _ in range(dice.integers(1, 6))]
    return keras.Sequential([keras.Input((6,)), *chosen, layers.Dense(3, "softmax")])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_of_random_models(seed: int):
    """Whatever is stacked, and whatever it is given: small and large numbers, a single row."""
    dice = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    model = stacked(dice)
    model.compile("adam", "sparse_categorical_crossentropy")
    rows = int(dice.integers(1, 40)) if seed else 1
    x = (dice.standard_normal((rows, 6)) * 10.0 ** dice.integers(-3, 4)).astype(np.float32)

    assert check(model, x, dice.integers(0, 3, rows)) > 0


def test_update_ratio_and_cosine_over_steps():
    """Of the step itself, and of two steps in turn."""
    model = made("mlp")
    x, y = table()
    catalog = known_metrics()
    ratio, cosine = (
        Subscription(Observed(name), *catalog.subscribers_of(Observed(name)))
        for name in ("ratio", "gradient_cosine")
    )
    raw = subscription(Topic.WEIGHTS, Topic.WEIGHT_UPDATES, Topic.WEIGHT_GRADIENTS)
    look = inspector(model, x)
    gradients: list[Array] = []
    for step in (1, 2):
        looking = look.before([ratio, cosine, raw], lambda: (tf.constant(x), tf.constant(y)), step)
        model.train_on_batch(x, y)
        stamp = Stamp(0, step, STAMP.measured_at)
        told: dict[str, float] = {}
        seen: dict[str, Array] = {}
        for one in look.after(looking, step).reduced():
            if one.layer == "scores" and one.subscription is raw:
                seen = {topic: value.astype(np.float64) for topic, value in one.values.items()}
            elif one.layer == "scores":
                told |= one.subscription.subscriber.measure(Message(stamp, one.values, one.layer, one.tensor))  # type: ignore[arg-type]
        gradients.append(seen["weight_gradients"].ravel())
        lengths = [np.linalg.norm(seen[topic]) for topic in ("weight_updates", "weights")]
        assert told["update_ratio"] == pytest.approx(lengths[0] / lengths[1], rel=1e-6)

    first, second = gradients
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert next(value for key, value in told.items() if "cosine" in key) == pytest.approx(expected, rel=1e-6)


def test_curvature_of_a_live_loss_is_its_hessian():
    """Against second derivatives, one row of the Hessian after the other, by an eager tape."""
    model = made("mlp")
    x, y = (tf.constant(part) for part in table())
    dice = np.random.default_rng(3)
    surface = inspector(model, table()[0])._surface.at(x, y)
    vector = [dice.standard_normal(shape).astype(np.float32) for shape in surface.shapes]
    states = [variable.numpy() for variable in model.variables]

    found = surface.curvature([tf.constant(part) for part in vector])

    values = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = model.compute_loss(x, y, model(x, training=True))
        slope = inner.gradient(loss, values)
        along = tf.add_n([tf.reduce_sum(one * part) for one, part in zip(slope, vector, strict=True)])
    expected = outer.gradient(along, values, unconnected_gradients="zero")
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert len(states) == len(model.variables)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_gradients_of_mixed_precision_are_those_of_the_loss(precision: str):
    """Not those of the loss times the scale that keeps them from vanishing."""
    keras.utils.set_random_seed(7)
    x, y = table()
    exact, mixed = MODELS["mlp"]("float32"), MODELS["mlp"](precision)
    mixed.set_weights(exact.get_weights())
    found = []
    for model in (exact, mixed):
        optimizer = keras.optimizers.SGD(0.1)
        model.compile(
            optimizer
            if model is exact
            else keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=128.0),
            "sparse_categorical_crossentropy",
        )
        norms = metrics_of(Topic.WEIGHT_GRADIENTS)
        raw = [subscription(topic) for topic in LAYER_TOPICS]
        told = looked(model, x / 9, y, [*raw, *norms])
        found.append({layer: values["norm"] for (_, layer, _), values in told.items() if "norm" in values})

    assert found[0].keys() == found[1].keys()
    for layer, norm in found[0].items():
        assert found[1][layer] == pytest.approx(norm, rel=0.5)  # the scale is 128


def test_what_nobody_listens_to_is_not_worked_out():
    """Weights alone need no pass of the network: its layers are not called."""
    model = made("mlp")
    x, y = table()
    called: list[str] = []

    class Counts(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
        def call(self, inputs: Any) -> Any:
            called.append("called")
            return inputs

    counting = keras.Sequential([keras.Input((6,)), Counts(), model])
    counting.compile("sgd", "sparse_categorical_crossentropy")
    counting.train_on_batch(x, y)
    called.clear()
    look = inspector(counting, x)

    look.before(
        [subscription(Topic.WEIGHTS), subscription(Topic.BIASES)], lambda: (tf.constant(x), tf.constant(y)), 1
    )
    assert called == []

    look.before([subscription(Topic.ACTIVATIONS)], lambda: (tf.constant(x), tf.constant(y)), 2)
    assert called == ["called"]
