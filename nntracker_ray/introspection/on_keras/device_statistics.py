"""The statistics of one tensor, each in one call of a graph: many small operations make a look slow to compile.

All work in float64, because the differences of large float32 sums have lost their digits. Values too small for the
normal range of their dtype may count as 0, as TensorFlow treats them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from nntracker_ray.introspection.on_keras.compiled import quiet

VALUES: Final = tf.TensorSpec([None], tf.float64)
MATRIX: Final = tf.TensorSpec([None, None], tf.float64)
NUMBER: Final = tf.TensorSpec([], tf.float64)
MOMENTS: Final = ("size", "sum", "mean", "variance", "norm")  # asked for together, so worked out together
# Share of the squares that may be the mean's; above it more than two digits would cancel.
MOSTLY_MEAN: Final = 0.99


def one_call(function: Callable[..., Any], *signature: Any) -> Any:
    """The function as one node of each graph that calls it, whatever the shapes."""
    return quiet(
        tf.function(
            function,
            input_signature=signature,
            autograph=False,
            experimental_attributes={"_noinline": True},
        )
    )


def largest_magnitude(values: Any) -> Any:
    """0 of nothing, NaN if there is one: maxima of NaN differ between devices, sums of magnitudes do not."""
    magnitudes = tf.abs(values)
    total = tf.reduce_sum(magnitudes)
    largest = tf.maximum(tf.reduce_max(magnitudes), 0.0)
    return tf.where(tf.math.is_nan(total), total, largest)


def unit_for(largest: Any) -> Any:
    """What to divide by, so that squares neither overflow nor vanish."""
    usable = tf.math.is_finite(largest) & (largest > 0)
    return tf.where(usable, largest, tf.ones_like(largest))


def _moments(values: Any) -> Any:
    size, total, mean = _firsts(values)
    unit = unit_for(largest_magnitude(values))
    norm = unit * tf.sqrt(_squares(values / unit))
    return tf.stack([size, total, mean, _variance(_squares(values - mean), size), norm])


def _moments_of_narrow(values: Any) -> Any:
    """Of what had at most 32 bits: its squares neither overflow nor vanish in 64."""
    size, total, mean = _firsts(values)
    squares = _squares(values)
    of_mean = size * tf.square(mean)
    # Where the mean is but a part of it, nothing cancels, and the second pass over the values is saved.
    centred = tf.cond(
        of_mean < MOSTLY_MEAN * squares, lambda: squares - of_mean, lambda: _squares(values - mean)
    )
    return tf.stack([size, total, mean, _variance(centred, size), tf.sqrt(squares)])


def _firsts(values: Any) -> tuple[Any, Any, Any]:
    size = tf.cast(tf.size(values, out_type=tf.int64), tf.float64)
    total = tf.reduce_sum(values)
    return size, total, total / size


def _variance(centred: Any, size: Any) -> Any:
    return tf.where(size > 1, centred / (size - 1), np.nan)


def _squares(values: Any) -> Any:
    """Their sum. `l2_loss` is half of it, in one pass: the squares are never written down."""
    return 2.0 * tf.nn.l2_loss(values)


def _power_norm(values: Any, power: Any) -> Any:
    unit = unit_for(largest_magnitude(values))
    return unit * tf.pow(tf.reduce_sum(tf.pow(tf.abs(values / unit), power)), 1 / power)


def _absolute_sum(values: Any) -> Any:
    return tf.reduce_sum(tf.abs(values))


def _zeros(values: Any) -> Any:
    return _count(tf.equal(values, 0))


def _beyond(values: Any, low: Any, high: Any) -> Any:
    return _count((tf.abs(values) > high) | (values < low))


def _dead_units(matrix: Any) -> Any:
    """Columns in which every value is 0."""
    return _count(tf.reduce_all(tf.equal(matrix, 0), axis=0))


def _count(marked: Any) -> Any:
    return tf.reduce_sum(tf.cast(marked, tf.float64))


moments = one_call(_moments, VALUES)  # a vector, in the order of MOMENTS
moments_of_narrow = one_call(_moments_of_narrow, VALUES)
absolute_sum = one_call(_absolute_sum, VALUES)
largest = one_call(largest_magnitude, VALUES)
zeros = one_call(_zeros, VALUES)
power_norm = one_call(_power_norm, VALUES, NUMBER)
beyond = one_call(_beyond, VALUES, NUMBER, NUMBER)
dead_units = one_call(_dead_units, MATRIX)
