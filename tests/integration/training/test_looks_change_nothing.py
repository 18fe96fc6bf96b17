"""Looking inside leaves the training as it is, bit for bit on the CPU."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from looked_at import MODELS, OPTIMIZERS, SEEN, Looks, made, subscription, table, trained

from nntracker_ray.introspection import Topic


def looks(x: Any, y: Any) -> Looks:
    """Everything that can be seen, at every step."""
    alone = [subscription(topic) for topic in SEEN]
    return Looks([*alone, subscription(Topic.WEIGHTS, Topic.WEIGHT_UPDATES, Topic.WEIGHT_GRADIENTS)], x, y)


def check_bits(model: Any, x: Any, y: Any) -> None:
    undisturbed = trained(model(), x, y)
    look = looks(x, y)

    watched = trained(model(), x, y, look)

    assert [one.suspended for one in look.subscriptions] == [None] * len(look.subscriptions)
    assert len(look.seen) == 6
    assert watched == undisturbed


@pytest.mark.parametrize("kind", MODELS)
def test_of_any_model(kind: str):
    """Dropout draws the same masks, moving averages move once, shared layers are called no oftener."""
    check_bits(lambda: made(kind), *table())


@pytest.mark.parametrize("way", OPTIMIZERS)
def test_by_any_optimizer(way: str):
    """Clipping, decay, averages and accumulation see the same gradients."""
    check_bits(lambda: made("mlp", optimizer=OPTIMIZERS[way]), *table())


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision(precision: str):
    """The scale of the loss is not stepped twice."""

    def model() -> keras.Model:
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        model = MODELS["mlp"](precision)
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    check_bits(model, *table())


def test_with_several_inputs_and_outputs():
    """Each output has a loss and a running average of its own."""

    def model() -> keras.Model:
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        layers = keras.layers
        left, right = keras.Input((6,), name="left"), keras.Input((2,), name="right")
        hidden = layers.Dense(4, "relu", name="hidden")(layers.Concatenate(name="both")([left, right]))
        kind = layers.Dense(3, "softmax", name="kind")(hidden)
        size = layers.Dense(1, name="size")(layers.Dropout(0.3, seed=2, name="dropout")(hidden))
        model = keras.Model({"left": left, "right": right}, {"kind": kind, "size": size})
        losses = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
        model.compile("adam", losses, metrics={"kind": ["accuracy"], "size": ["mae"]})
        return model

    x, y = table()
    check_bits(model, {"left": x, "right": x[:, :2]}, {"kind": y, "size": x[:, :1].astype(np.float32)})


def test_the_comparison_can_fail():
    """One more draw of a mask is another training."""

    class Disturbs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model(x[:2], training=True)

    x, y = table()

    assert trained(made("mlp"), x, y, Disturbs()) != trained(made("mlp"), x, y)
