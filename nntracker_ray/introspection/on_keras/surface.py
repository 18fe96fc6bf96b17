"""The loss of one batch as a function of the trained arrays; see `introspection.subscriber.LossSurface`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from nntracker_ray.introspection.on_keras.compiled import compiled
from nntracker_ray.introspection.on_keras.forward import called, tensor_of, untouched
from nntracker_ray.introspection.on_keras.network import Network


class Surface:
    """Asked on the training's thread; every question is compiled once a run.

    Args:
        tested: Keras' metrics on the test set; raises LookupError where there is none.
    """

    def __init__(self, network: Network, tested: Callable[[], Mapping[str, float]]) -> None:
        self._network, self._tested = network, tested
        self.shapes = tuple(tuple(variable.shape) for variable in network.trained)
        self.rows = 0
        self._batch: tuple[Any, Any] = (None, None)
        self._curvature: Any = None
        self._gradient: Any = None

    def at(self, x: Any, y: Any) -> Surface:
        """The same for another batch, at the weights as they are now."""
        self._batch = x, y
        self.rows = int(keras.tree.flatten(x)[0].shape[0])
        return self

    def curvature(self, vector: list[Any]) -> list[Any]:
        """Hessian of the batch's loss times a vector, as one more gradient through the gradient (Pearlmutter 1994)."""
        if self._curvature is None:
            specs = [tf.TensorSpec(shape, tf.float32) for shape in self.shapes]
            self._curvature = compiled(self._product, *self._batch, specs)
        found: list[Any] = self._curvature(*self._batch, [tf.cast(part, tf.float32) for part in vector])
        return found

    def gradient(self, first: int, last: int) -> list[Any]:
        """Gradient of the loss of some rows of the batch."""
        if self._gradient is None:
            self._gradient = compiled(self._slope, *self._batch)
        rows = [keras.tree.map_structure(lambda one: one[first:last], part) for part in self._batch]
        found: list[Any] = self._gradient(*rows)
        return found

    def test(self) -> Mapping[str, float]:
        """Keras' metrics on the test set, in inference mode."""
        return self._tested()

    def _loss(self, x: Any, y: Any, values: list[Any]) -> Any:
        model = self._network.model
        with untouched(self._network, values):
            outputs = called(model, x, training=True)
            return model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=None, training=True)

    def _slope(self, x: Any, y: Any) -> list[Any]:
        values = [tensor_of(variable) for variable in self._network.trained]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = self._loss(x, y, values)
        return _dense(tape.gradient(loss, values), values)

    def _product(self, x: Any, y: Any, vector: list[Any]) -> list[Any]:
        values = [tensor_of(variable) for variable in self._network.trained]
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(values)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(values)
                loss = self._loss(x, y, values)
            slope = _dense(inner.gradient(loss, values), values)
            along = tf.add_n(
                [
                    tf.reduce_sum(tf.cast(one, tf.float32) * part)
                    for one, part in zip(slope, vector, strict=True)
                ]
            )
        return _dense(outer.gradient(along, values), values)


def _dense(gradients: list[Any], values: list[Any]) -> list[Any]:
    """Gradients of the same kind as the values; 0 where the loss does not hang on them."""
    return [
        tf.zeros_like(value) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, value in zip(gradients, values, strict=True)
    ]
