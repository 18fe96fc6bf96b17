"""What `Subscriber.reduce` gets as `ops`: all of `keras.ops`, and statistics that are worked out once for a look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from nntracker_ray.introspection.on_keras import device_histograms as histograms
from nntracker_ray.introspection.on_keras import device_matrices as matrices
from nntracker_ray.introspection.on_keras import device_statistics as statistics
from nntracker_ray.introspection.on_keras.compiled import compiled


class DeviceOps:
    """`keras.ops` and more. Make one for each trace of a look: it remembers what it has worked out, by tensor.

    Everything below is float64 unless noted. NaN and infinities pass through: a mean of a NaN is NaN.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(keras.ops, name)

    def statistics(self, tensor: Any) -> Mapping[str, Any]:
        """Scalars: size, sum, absolute_sum, mean, variance (unbiased), largest (magnitude), norm (L2), zeros.

        Each is worked out when it is asked for.
        """
        return _Statistics(lambda work: self._once(work, tensor))

    def p_norm(self, tensor: Any, power: float) -> Any:
        """(sum |x|^p)^(1/p); the largest magnitude for p = inf."""
        known = {1.0: "absolute_sum", 2.0: "norm", float("inf"): "largest"}
        if power in known:
            return self.statistics(tensor)[known[power]]
        return self._once(_power_norm, tensor, power)

    def share_beyond(self, tensor: Any, low: float, high: float) -> Any:
        """Share of the values x with |x| > high or x < low."""
        return self._once(_share_beyond, tensor, low, high)

    def share_of_dead_units(self, tensor: Any) -> Any:
        """Share of the places on the last axis where all values are 0; NaN without values."""
        return self._once(_share_of_dead_units, tensor)

    def value_counts(self, tensor: Any, bins: int) -> Mapping[str, Any]:
        """How np.histogram counts the finite values: counts int64 (bins,), edges (bins + 1,), not_finite int64."""
        counted: Mapping[str, Any] = self._once(_value_counts, tensor, bins)
        return counted

    def spectral_norm(self, tensor: Any, iterations: int, tolerance: float) -> Any:
        """Largest singular value of the tensor as a matrix of (all other axes, last axis)."""
        return self._once(_spectral_norm, tensor, iterations, tolerance)

    def condition_number(self, tensor: Any) -> Any:
        """Largest by least singular value of that matrix."""
        return self._once(_condition_number, tensor)

    def sampled_rows(self, tensor: Any, most: int) -> Any:
        """At most so many rows of that matrix, spread evenly, the same ones at every look; in the tensor's dtype."""
        return self._once(matrices.sampled_rows, tensor, most)

    def inner_product(self, vector: list[Any], other: list[Any]) -> Any:
        """Of two vectors that are lists of tensors; not remembered."""
        return _inner_product(list(vector), list(other))

    def _once(self, work: Callable[..., Any], tensor: Any, *conf: Any) -> Any:
        """The tensor is kept beside its result, so that no later one can have its id."""
        key = (work, id(tensor), *conf)
        if key not in self._known:
            self._known[key] = (tensor, work(tf.convert_to_tensor(tensor), *conf))
        return self._known[key][1]


@compiled
def _inner_product(vector: list[Any], other: list[Any]) -> Any:
    pairs = zip(vector, other, strict=True)
    return tf.add_n([tf.tensordot(_flat(one), _flat(two), 1) for one, two in pairs])


def _flat(tensor: Any) -> Any:
    return tf.reshape(tf.cast(tensor, tf.float64), [-1])


class _Statistics(Mapping[str, Any]):
    """Of one tensor, by name. Args: once: Works something out of the tensor, or knows it already."""

    def __init__(self, once: Callable[[Callable[[Any], Any]], Any]) -> None:
        self._once = once

    def __getitem__(self, name: str) -> Any:
        if name in statistics.MOMENTS:
            return self._once(_moments)[statistics.MOMENTS.index(name)]
        return self._once(_OTHERS[name])

    def __iter__(self) -> Iterator[str]:
        return iter((*statistics.MOMENTS, *_OTHERS))

    def __len__(self) -> int:
        return len(statistics.MOMENTS) + len(_OTHERS)


def _moments(tensor: Any) -> list[Any]:
    work = statistics.moments if tensor.dtype == tf.float64 else statistics.moments_of_narrow
    return tf.unstack(work(_flat(tensor)), num=len(statistics.MOMENTS))  # type: ignore[no-any-return]


def _absolute_sum(tensor: Any) -> Any:
    return statistics.absolute_sum(_flat(tensor))


def _largest(tensor: Any) -> Any:
    return statistics.largest(_flat(tensor))


def _zeros(tensor: Any) -> Any:
    return statistics.zeros(_flat(tensor))


_OTHERS = {"absolute_sum": _absolute_sum, "largest": _largest, "zeros": _zeros}


def _power_norm(tensor: Any, power: float) -> Any:
    return statistics.power_norm(_flat(tensor), tf.constant(power, tf.float64))


def _share_beyond(tensor: Any, low: float, high: float) -> Any:
    values = _flat(tensor)
    count = statistics.beyond(values, tf.constant(low, tf.float64), tf.constant(high, tf.float64))
    return count / tf.cast(tf.size(values), tf.float64)


def _share_of_dead_units(tensor: Any) -> Any:
    units = tf.cast(matrices.as_rows(tensor), tf.float64)
    rows, columns = tf.unstack(tf.cast(tf.shape(units), tf.float64))
    share = statistics.dead_units(units) / columns
    return tf.where(rows > 0, share, float("nan"))


def _value_counts(tensor: Any, bins: int) -> Mapping[str, Any]:
    counts, edges, not_finite = histograms.counts_in(bins, tensor.dtype)(_flat(tensor))
    return {"counts": counts, "edges": edges, "not_finite": not_finite}


def _spectral_norm(tensor: Any, iterations: int, tolerance: float) -> Any:
    turns, exactness = tf.constant(iterations, tf.float64), tf.constant(tolerance, tf.float64)
    return matrices.largest_singular_value(matrices.upright(tensor), turns, exactness)


def _condition_number(tensor: Any) -> Any:
    return matrices.condition_number(matrices.upright(tensor))
