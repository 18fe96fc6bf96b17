"""Histograms of one tensor, counted as `np.histogram` counts, to the last value."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import tensorflow as tf

from nntracker_ray.introspection.on_keras.device_statistics import VALUES, one_call

LARGEST: Final = float(np.finfo(np.float64).max)
# Width of a histogram's range by its largest value, below which bins have no width of their own.
TOO_NARROW: Final = 1e-12
# Numbers of at most 32 bits that are this much of the range's largest are further apart than anything here rounds by.
FAR_APART: Final = 1e-6
NARROW: Final = (tf.float16, tf.bfloat16, tf.float32)


@cache
def counts_in(bins: int, dtype: tf.DType) -> Any:
    """The function that counts values in so many bins: (values) -> counts, edges, values that are not finite.

    Args:
        dtype: Of the values before they became float64.
    """

    def counts(values: Any) -> Any:
        least, greatest = tf.reduce_min(values), tf.reduce_max(values)
        return tf.cond(
            tf.math.is_finite(tf.reduce_sum(values)) & (least < greatest),
            lambda: _by_division(values, _edges(least, greatest, bins), bins, dtype),
            lambda: _by_search(values, bins),
        )

    return one_call(counts if dtype in NARROW else lambda values: _by_search(values, bins), VALUES)


def _by_division(values: Any, edges: Any, bins: int, dtype: tf.DType) -> tuple[Any, Any, Any]:
    """Dividing by the width of a bin is much faster than searching among the edges.

    It could put a value that lies within a rounding of an edge into the bin beside its own. Numbers of 32 bits are so
    far apart in 64 that there is at most one so near an edge: it is tried first.
    """
    inner = edges[1:-1]
    reach = tf.maximum(tf.abs(edges[0]), tf.abs(edges[-1]))
    nearest = tf.cast(tf.cast(inner, dtype), tf.float64)
    same = tf.equal(_divided(nearest, edges, bins), tf.searchsorted(edges, nearest, side="right") - 1)
    places = _divided(values, edges, bins)
    places = tf.cond(
        tf.reduce_all(same & (tf.abs(inner) > FAR_APART * reach)),
        lambda: places,
        lambda: _put_right(places, values, edges, bins),
    )
    # TensorFlow has no deterministic kernel for it on GPUs, although it counts with whole numbers.
    with tf.device("CPU"):
        counted = tf.raw_ops.DenseBincount(input=places, size=bins + 1, weights=tf.constant([], tf.int64))
    counted = tf.concat([counted[: bins - 1], [counted[-2] + counted[-1]]], axis=0)
    return counted, edges, tf.constant(0, tf.int64)


def _divided(values: Any, edges: Any, bins: int) -> Any:
    """The place of each value, 0 and more; that of the greatest value may be one too many."""
    return tf.cast((values - edges[0]) / ((edges[-1] - edges[0]) / tf.constant(bins, tf.float64)), tf.int32)


def _put_right(places: Any, values: Any, edges: Any, bins: int) -> Any:
    """Compare each value with the edges of its bin, as NumPy does."""
    places = tf.minimum(places, bins - 1)
    before = values < tf.gather(edges, places)
    behind = (values >= tf.gather(edges, places + 1)) & (places < bins - 1)
    return places - tf.cast(before, tf.int32) + tf.cast(behind, tf.int32)


def _by_search(values: Any, bins: int) -> tuple[Any, Any, Any]:
    finite = tf.math.is_finite(values)
    edges = _edges(*_range(values, finite), bins)
    places = tf.minimum(tf.searchsorted(edges, values, side="right") - 1, bins - 1)
    places = tf.where(finite, places, -1)  # counted nowhere
    counted = tf.math.unsorted_segment_sum(tf.ones_like(places, tf.int64), places, bins)
    return counted, edges, tf.reduce_sum(tf.cast(~finite, tf.int64))


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
