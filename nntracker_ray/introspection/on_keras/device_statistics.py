"""The statistics of one tensor, each in one call of a graph: many small operations make a look slow to compile.

All work in float64, because the differences of large float32 sums have lost their digits. Values too small for the
normal range of their dtype may count as 0, as TensorFlow treats them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

VALUES = tf.TensorSpec([None], tf.float64)
MATRIX = tf.TensorSpec([None, None], tf.float64)
NUMBER = tf.TensorSpec([], tf.float64)
NAMES = ("size", "sum", "absolute_sum", "mean", "variance", "largest", "norm", "zeros")
LARGEST = float(np.finfo(np.float64).max)
TOO_NARROW = (
    1e-12  # width of a histogram's range by its largest value, below which bins have no width of their own
)


def one_call(function: Callable[..., Any], *signature: Any) -> Any:
    """The function as one node of each graph that calls it, whatever the shapes."""
    return tf.function(
        function,
        input_signature=signature,
        autograph=False,
        experimental_attributes={"_noinline": True},
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


def _all_statistics(values: Any) -> Any:
    size = tf.cast(tf.size(values, out_type=tf.int64), tf.float64)
    total = tf.reduce_sum(values)
    mean = total / size
    squares = tf.reduce_sum(tf.square(values - mean))
    variance = tf.where(size > 1, squares / (size - 1), np.nan)
    largest = largest_magnitude(values)
    unit = unit_for(largest)
    norm = unit * tf.sqrt(tf.reduce_sum(tf.square(values / unit)))
    zeros = _count(tf.equal(values, 0))
    return tf.stack([size, total, tf.reduce_sum(tf.abs(values)), mean, variance, largest, norm, zeros])


def _power_norm(values: Any, power: Any) -> Any:
    unit = unit_for(largest_magnitude(values))
    return unit * tf.pow(tf.reduce_sum(tf.pow(tf.abs(values / unit), power)), 1 / power)


def _beyond(values: Any, low: Any, high: Any) -> Any:
    return _count((tf.abs(values) > high) | (values < low))


def _dead_units(matrix: Any) -> Any:
    """Columns in which every value is 0."""
    return _count(tf.reduce_all(tf.equal(matrix, 0), axis=0))


def _count(marked: Any) -> Any:
    return tf.reduce_sum(tf.cast(marked, tf.float64))


all_statistics = one_call(_all_statistics, VALUES)  # a vector, in the order of NAMES
power_norm = one_call(_power_norm, VALUES, NUMBER)
beyond = one_call(_beyond, VALUES, NUMBER, NUMBER)
dead_units = one_call(_dead_units, MATRIX)


@cache
def counts_in(bins: int) -> Any:
    """The function that counts values in so many bins: (values) -> counts, edges, values that are not finite."""

    def counts(values: Any) -> Any:
        finite = tf.math.is_finite(values)
        edges = _edges(*_range(values, finite), bins)
        places = tf.minimum(tf.searchsorted(edges, values, side="right") - 1, bins - 1)
        places = tf.where(finite, places, -1)  # counted nowhere
        counted = tf.math.unsorted_segment_sum(tf.ones_like(places, tf.int64), places, bins)
        return counted, edges, tf.reduce_sum(tf.cast(~finite, tf.int64))

    return one_call(counts, VALUES)


def _range(values: Any, finite: Any) -> tuple[Any, Any]:
    """Least and greatest finite value; something around them where they are too near each other, or none is there."""
    least = tf.reduce_min(tf.where(finite, values, np.inf))
    greatest = tf.reduce_max(tf.where(finite, values, -np.inf))
    some = least <= greatest
    least, greatest = tf.where(some, least, -1.0), tf.where(some, greatest, 1.0)
    reach = tf.maximum(tf.abs(least), tf.abs(greatest))
    narrow = greatest - least <= TOO_NARROW * reach
    around = tf.where(narrow, tf.where(reach > 0, 0.01 * reach, 1.0), 0.0)
    return tf.maximum(least - around, -LARGEST), tf.minimum(greatest + around, LARGEST)


def _edges(least: Any, greatest: Any, bins: int) -> Any:
    """As np.linspace has them, except where the width itself is beyond the numbers."""
    places = tf.range(bins, dtype=tf.float64)
    width = greatest - least
    # TensorFlow would turn a plain division by a constant into a product, which differs in the last digit.
    step = tf.math.divide_no_nan(width, tf.constant(bins, tf.float64))
    even = least + places * step
    wide = least * (1 - places / bins) + greatest * (places / bins)
    return tf.concat([tf.where(tf.math.is_finite(width), even, wide), [greatest]], axis=0)
