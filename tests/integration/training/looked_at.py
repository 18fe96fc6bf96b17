"""Models of every kind that looks must get along with, and trainings that are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nntracker_ray.introspection import Message, Subscriber, Topic
from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.introspection.on_keras.inspector import Inspector
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import MARKERS
from nntracker_ray.records import Observed

ROWS, BATCH = 44, 16  # the third batch of an epoch has 12 rows
SEEN = tuple(topic for topic in Topic if topic not in MARKERS and topic != Topic.LOSS_SURFACE)


class Raw(Subscriber):
    """Takes the tensors as they are and says nothing."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics

    def measure(self, message: Message) -> dict[str, float]:
        return {}


def subscription(*topics: str, **observed: Any) -> Subscription:
    return Subscription(Observed("raw", **observed), Raw(*topics))


def mlp(dtype: str) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, "relu", kernel_regularizer="l2", dtype=dtype, name="hidden"),
            layers.BatchNormalization(dtype=dtype, name="norm"),
            layers.Dropout(0.4, seed=3, dtype=dtype, name="dropout"),
            layers.Dense(3, "softmax", dtype=dtype, name="scores"),
        ]
    )


def cnn(dtype: str) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Reshape((3, 2, 1), dtype=dtype, name="picture"),
            layers.Conv2D(4, 2, padding="same", activation="relu", dtype=dtype, name="conv"),
            layers.SpatialDropout2D(0.3, seed=4, dtype=dtype, name="dropout"),
            layers.DepthwiseConv2D(
                2, padding="same", activity_regularizer="l2", dtype=dtype, name="depthwise"
            ),
            layers.GlobalAveragePooling2D(dtype=dtype, name="pool"),
            layers.Dense(3, dtype=dtype, name="scores"),
            layers.Softmax(dtype=dtype, name="softmax"),
        ]
    )


def shared(dtype: str) -> keras.Model:
    layers = keras.layers
    given = keras.Input((6,))
    twice = layers.Dense(6, "tanh", dtype=dtype, name="twice")
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, "gelu", dtype=dtype, name="deep")], name="inner"
    )
    first = twice(given)
    second = twice(layers.Add(dtype=dtype, name="add")([first, given]))
    scores = layers.Dense(3, "softmax", dtype=dtype, name="scores")(inner(second))
    return keras.Model(given, scores)


def recurrent(dtype: str) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Reshape((3, 2), dtype=dtype, name="series"),
            layers.Bidirectional(
                layers.LSTM(3, return_sequences=True, dtype=dtype), dtype=dtype, name="both"
            ),
            layers.GRU(4, dropout=0.2, recurrent_dropout=0.2, seed=5, dtype=dtype, name="gru"),
            layers.Dense(3, "softmax", dtype=dtype, name="scores"),
        ]
    )


def embedded(dtype: str) -> keras.Model:
    layers = keras.layers
    given = keras.Input((6,))
    tokens = layers.Embedding(10, 4, dtype=dtype, name="words")(given)
    heard = layers.MultiHeadAttention(2, 3, dropout=0.1, seed=6, dtype=dtype, name="attention")(
        tokens, tokens
    )
    normed = layers.LayerNormalization(dtype=dtype, name="norm")(
        layers.Add(dtype=dtype, name="add")([tokens, heard])
    )
    flat = layers.Flatten(dtype=dtype, name="flat")(normed)
    return keras.Model(given, layers.Dense(3, "softmax", dtype=dtype, name="scores")(flat))


MODELS: dict[str, Callable[[str], keras.Model]] = {
    "mlp": mlp, "cnn": cnn, "shared": shared, "recurrent": recurrent, "embedded": embedded
}  # fmt: skip
OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "plain": lambda: keras.optimizers.SGD(0.1),
    "momentum, clipped": lambda: keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5),
    "adam, clipped together": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.5),
    "decay": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "average": lambda: keras.optimizers.RMSprop(0.01, use_ema=True, ema_overwrite_frequency=2),
    "accumulated": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
}


def table() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    dice = np.random.default_rng(5)
    return dice.integers(0, 9, (ROWS, 6)).astype(np.float32), dice.integers(0, 3, ROWS)


def made(
    kind: str,
    *,
    dtype: str = "float32",
    optimizer: Callable[[], keras.optimizers.Optimizer] = OPTIMIZERS["plain"],
) -> keras.Model:
    """A compiled model; the same weights at each call."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model = MODELS[kind](dtype)
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@dataclass
class Looks(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Looks at every step of a `fit` over `table()`."""

    subscriptions: Sequence[Subscription]
    x: Any
    y: Any
    seen: list[list[Reduced]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def on_train_begin(self, logs: Any = None) -> None:
        self.inspector = inspector(self.model, self.x)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        rows = slice(batch * BATCH, (batch + 1) * BATCH)
        parts = [
            keras.tree.map_structure(lambda one: tf.constant(one[rows]), part) for part in (self.x, self.y)
        ]
        self.looking = self.inspector.before(self.subscriptions, lambda: (parts[0], parts[1]), batch + 1)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(self.inspector.after(self.looking, batch + 1).reduced())


def inspector(model: keras.Model, x: Any) -> Inspector:
    def nothing() -> dict[str, float]:
        raise LookupError("no test set")

    return Inspector(
        model, probe=lambda: keras.tree.map_structure(lambda one: tf.constant(one[:10]), x), tested=nothing
    )


def trained(model: keras.Model, x: Any, y: Any, *callbacks: keras.callbacks.Callback) -> dict[str, Any]:
    """What two epochs make of it: every variable and every number that Keras logs, as bits."""
    history = model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0, callbacks=list(callbacks))
    variables = [*model.variables, *model.optimizer.variables]
    logged = {name: np.float64(values).tobytes() for name, values in history.history.items()}
    return {f"{place}": variable.numpy().tobytes() for place, variable in enumerate(variables)} | logged
