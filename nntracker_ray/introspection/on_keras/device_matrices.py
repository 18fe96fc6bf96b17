"""Singular values of one tensor, seen as a matrix, each in one call of a graph. All in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from nntracker_ray.introspection.on_keras.device_statistics import (
    MATRIX,
    NUMBER,
    largest_magnitude,
    one_call,
    unit_for,
)

TOGETHER = (
    16  # vectors that are iterated at once: one alone takes thousands of turns where two values are close
)
SEED = (1, 2)
GOLDEN = (5**0.5 - 1) / 2


def as_matrix(tensor: Any) -> Any:
    """All axes but the last are rows, as is usual for kernels; a vector is one row."""
    shape = tf.concat([[1, 1], tf.shape(tensor, out_type=tf.int32)], axis=0)
    return tf.reshape(tensor, [tf.reduce_prod(shape[:-1]), shape[-1]])


def as_rows(tensor: Any) -> Any:
    """Likewise, but a vector is one column: a number for each row of a batch."""
    return as_matrix(tensor[:, None] if tensor.shape.rank == 1 else tensor)


def upright(tensor: Any) -> Any:
    """`as_matrix` in float64, turned to have no more columns than rows; the singular values are the same."""
    matrix = tf.cast(as_matrix(tensor), tf.float64)
    if tensor.shape.is_fully_defined():  # said here: a compiler of whole graphs wants to know the shape
        rows, columns = math.prod(tensor.shape[:-1]), (tensor.shape[-1] if tensor.shape.rank else 1)
        return tf.transpose(matrix) if rows < columns else matrix
    count = tf.shape(matrix)
    return tf.cond(count[0] < count[1], lambda: tf.transpose(matrix), lambda: matrix)


def sampled_rows(tensor: Any, most: int) -> Any:
    """At most so many rows of `as_rows`, spread over all of it, always the same ones.

    The places within equal stretches follow the golden ratio: even steps could meet the same column of each picture.
    """
    matrix = as_rows(tensor)
    rows = tf.shape(matrix)[0]
    kept = tf.minimum(rows, most)
    places = tf.range(kept, dtype=tf.int32)
    moved = tf.cast(places, tf.float64) + tf.math.floormod(tf.cast(places, tf.float64) * GOLDEN, 1.0)
    chosen = tf.cast(tf.floor(moved * tf.cast(rows, tf.float64) / tf.cast(kept, tf.float64)), tf.int32)
    return tf.gather(matrix, tf.minimum(chosen, rows - 1))


def _largest_singular_value(matrix: Any, iterations: Any, tolerance: Any) -> Any:
    largest = largest_magnitude(matrix)
    unit = unit_for(largest)
    scaled = tf.where(tf.math.is_finite(matrix), matrix / unit, 0.0)
    value = tf.cond(
        tf.size(matrix) > 0,
        lambda: _largest_eigenvalue(tf.matmul(scaled, scaled, transpose_a=True), iterations, tolerance),
        lambda: tf.zeros([], tf.float64),
    )
    found = unit * tf.sqrt(tf.maximum(value, 0.0))
    return tf.where(tf.math.is_finite(largest), found, largest)


def _largest_eigenvalue(gram: Any, iterations: Any, tolerance: Any) -> Any:
    """Of a symmetric matrix without negative ones, by orthogonal iteration with Ritz values."""
    size = tf.shape(gram)[0]
    start = tf.random.stateless_normal([size, tf.minimum(size, TOGETHER)], seed=SEED, dtype=tf.float64)
    zero = tf.zeros([], tf.float64)

    def unfinished(turn: Any, _basis: Any, value: Any, residual: Any) -> Any:
        return (turn < iterations) & ((turn < 1) | (residual > tolerance * value))

    def turned(turn: Any, basis: Any, _value: Any, _residual: Any) -> Any:
        image = tf.matmul(gram, basis)
        values, vectors = tf.linalg.eigh(tf.matmul(basis, image, transpose_a=True))
        top = vectors[:, -1:]
        residual = tf.norm(tf.matmul(image, top) - values[-1] * tf.matmul(basis, top))
        return turn + 1, tf.linalg.qr(image).q, values[-1], residual

    block = tf.TensorSpec([None, None], tf.float64)
    found = tf.while_loop(
        unfinished,
        turned,
        (zero, tf.linalg.qr(start).q, zero, zero),
        shape_invariants=(zero.shape, block, zero.shape, zero.shape),
    )
    return found[2]


def _condition_number(matrix: Any) -> Any:
    largest = largest_magnitude(matrix)
    usable = tf.math.is_finite(largest) & (tf.size(matrix) > 0)
    safe = tf.where(tf.math.is_finite(matrix), matrix / unit_for(largest), 0.0)
    return tf.cond(usable, lambda: _ratio_of_ends(safe), lambda: tf.constant(np.nan, tf.float64))


def _ratio_of_ends(matrix: Any) -> Any:
    """By the triangle of the QR decomposition, which has the same singular values and is small."""
    values = tf.linalg.svd(tf.linalg.qr(matrix).r, compute_uv=False)
    greatest, least = tf.reduce_max(values), tf.reduce_min(values)
    return tf.where(least > 0, greatest / least, np.inf)


largest_singular_value = one_call(_largest_singular_value, MATRIX, NUMBER, NUMBER)
condition_number = one_call(_condition_number, MATRIX)
