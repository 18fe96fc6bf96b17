"""A metric as a training asks it: `reduce` on the device, what it gives to NumPy, then `measure`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ml_dtypes
import numpy as np
import tensorflow as tf

from nntracker_ray.introspection import Message, Stamp, Subscriber, Value
from nntracker_ray.introspection.on_keras.device_ops import DeviceOps

Way = Callable[[Subscriber, Mapping[str, Any]], Mapping[str, Any]]
DTYPES = (np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int8)
EXACT = {"rtol": 1e-6, "atol": 0}  # what the metrics promise, against independent references


def at_once(subscriber: Subscriber, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return subscriber.reduce(values, DeviceOps())


def compiled(subscriber: Subscriber, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return tf.function(lambda now: subscriber.reduce(now, DeviceOps()), autograph=False)(values)


def compiled_for_any_shape(subscriber: Subscriber, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The batch of a look may be of any length."""
    specs = {topic: tf.TensorSpec([None] * value.shape.rank, value.dtype) for topic, value in values.items()}
    return compiled_for(specs, subscriber, values)


def compiled_for(
    specs: Mapping[str, tf.TensorSpec], subscriber: Subscriber, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    look = tf.function(
        lambda now: subscriber.reduce(now, DeviceOps()), autograph=False, input_signature=[specs]
    )
    return look(values)


WAYS: tuple[Way, ...] = (at_once, compiled, compiled_for_any_shape)


def run_metric(
    subscriber: Subscriber,
    *arrays: Any,
    way: Way = at_once,
    step: int = 1,
    layer: str = "dense",
    tensor: str = "kernel",
) -> Mapping[str, Value]:
    """What it measures of one array for each of its topics; any topic will do for those of any tensor."""
    topics = subscriber.topics or ("weights",)
    values = {topic: tf.constant(array) for topic, array in zip(topics, arrays, strict=True)}
    reduced = {key: np.asarray(value) for key, value in way(subscriber, values).items()}
    return subscriber.measure(message(reduced, step=step, layer=layer, tensor=tensor))


def ask(subscriber: Subscriber, surface: Any, *, step: int = 1) -> Mapping[str, Value]:
    """What it measures of a `LossSurface`."""
    (topic,) = subscriber.topics
    reduced = subscriber.reduce({topic: surface}, DeviceOps())
    return subscriber.measure(message({key: np.asarray(value) for key, value in reduced.items()}, step=step))


def message(values: Mapping[str, Any], *, step: int = 1, layer: str = "", tensor: str = "") -> Message:
    return Message(Stamp(0, step, datetime(2026, 1, 1, tzinfo=UTC)), values, layer, tensor, 0)


def random_array(shape: tuple[int, ...], dtype: Any = np.float32, *, seed: int = 0) -> np.ndarray:
    """Off the origin, so that sums and means say something; whole numbers for whole dtypes."""
    values = np.random.default_rng(seed).normal(0.5, 2.0, shape)
    return (values * 20 if np.dtype(dtype).kind == "i" else values).astype(dtype)


def wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64)
