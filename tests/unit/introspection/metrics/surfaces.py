"""Loss surfaces whose gradients and curvature are known, as a training would offer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf


class Quadratic:
    """Loss w^T H w / 2 of two arrays that are w together; H symmetric, (n, n)."""

    rows = 1

    def __init__(self, hessian: np.ndarray, *, dtype: Any = tf.float64) -> None:
        self._hessian = tf.constant(hessian, dtype)
        first = len(hessian) // 3
        self.shapes = ((first,), (len(hessian) - first, 1))
        self.asked = 0

    def curvature(self, vector: list[Any]) -> list[Any]:
        """By the derivative of a derivative, as of a network."""
        self.asked += 1
        whole = tf.concat([tf.reshape(tf.cast(part, self._hessian.dtype), [-1]) for part in vector], 0)
        image = tf.linalg.matvec(self._hessian, whole)
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        return [
            tf.reshape(part, shape) for part, shape in zip(tf.split(image, sizes), self.shapes, strict=True)
        ]

    def gradient(self, first: int, last: int) -> list[Any]:
        raise AssertionError(f"nobody asks for the gradient of rows {first} to {last}")

    def test(self) -> Mapping[str, float]:
        raise LookupError("this run has no test set")


class LinearRegression:
    """Mean over rows of (x . w + b - y)^2 / 2, as TensorFlow differentiates it."""

    def __init__(
        self, inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray, bias: float = 0.0
    ) -> None:
        self._inputs, self._labels = tf.constant(inputs, tf.float32), tf.constant(labels, tf.float32)
        self._arrays = [tf.Variable(weights[:, None], dtype=tf.float32), tf.Variable(bias, dtype=tf.float32)]
        self.shapes = tuple(tuple(array.shape) for array in self._arrays)
        self.rows = len(inputs)

    def _loss(self, first: int, last: int) -> Any:
        weights, bias = self._arrays
        errors = (self._inputs[first:last] @ weights)[:, 0] + bias - self._labels[first:last]
        return tf.reduce_mean(tf.square(errors)) / 2

    def gradient(self, first: int, last: int) -> list[Any]:
        with tf.GradientTape() as tape:
            loss = self._loss(first, last)
        return tape.gradient(loss, self._arrays)

    def curvature(self, vector: list[Any]) -> list[Any]:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = self._loss(0, self.rows)
            slope = inner.gradient(loss, self._arrays)
        return outer.gradient(slope, self._arrays, output_gradients=vector)

    def test(self) -> Mapping[str, float]:
        return {"loss": float(self._loss(0, self.rows))}


class NoisyGradients:
    """Each row's gradient is drawn around a known one with a known covariance."""

    def __init__(self, of_rows: np.ndarray) -> None:
        self._of_rows = of_rows
        self.rows = len(of_rows)
        half = of_rows.shape[1] // 2
        self.shapes = ((half,), (of_rows.shape[1] - half,))

    def gradient(self, first: int, last: int) -> list[Any]:
        mean = self._of_rows[first:last].mean(axis=0)
        half = self.shapes[0][0]
        return [tf.constant(mean[:half]), tf.constant(mean[half:])]

    def curvature(self, vector: list[Any]) -> list[Any]:
        return [tf.zeros_like(part) for part in vector]

    def test(self) -> Mapping[str, float]:
        return {"accuracy": 0.875, "loss": 0.25}
