"""What a subscriber has answered, checked and as records. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.messages import Histogram, Message, Published
from nntracker_ray.records import MetricArray, MetricPoint

LONGEST_NAME: Final = 200  # characters of the name of a result
MOST_BYTES: Final = 2**20  # of one array
MOST_RESULTS: Final = 1000  # of one message
_KINDS: Final = "fiub"  # floats, whole numbers, truth values


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The results of one message."""

    records: tuple[MetricPoint | MetricArray, ...]
    published: Mapping[str, Any]  # topic -> value, numbers that are recorded among them


def answer_of(topic: str, message: Message, given: object) -> Answer:
    """Check what `measure` has returned.

    Args:
        topic: The first of the subscriber's, before which its keys are named.
    Raises: BadInputError: It cannot be recorded; says what came.
    """
    if not isinstance(given, Mapping):
        raise BadInputError(f"measure gave {_kind(given)}; it gives a mapping of names to values")
    if len(given) > MOST_RESULTS:
        raise BadInputError(f"measure gave {len(given)} results for one message; at most {MOST_RESULTS}")
    records: list[MetricPoint | MetricArray] = []
    published: dict[str, Any] = {}
    for key, value in given.items():
        name = _name(topic, key)
        if isinstance(value, Published):
            published[str(key)] = value.value
        elif isinstance(value, Histogram):
            records.append(_histogram(name, message, value))
        elif np.ndim(value) == 0:
            published[name] = _number(name, value)
            records.append(_point(name, message, published[name]))
        else:
            records.append(_array(name, message, _checked(name, np.asarray(value)), None))
    return Answer(tuple(records), published)


def _name(topic: str, key: object) -> str:
    if not isinstance(key, str) or not key or not key.isprintable():
        raise BadInputError(f"a result is named {key!r:.80}; names are printable text")
    name = key if "/" in key else f"{topic}/{key}"
    if len(name) > LONGEST_NAME:
        raise BadInputError(f"the name {name!r:.80} has {len(name)} characters; at most {LONGEST_NAME}")
    return name


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(
            f"{name} is {_kind(value)}; a result is a number, a histogram or an array"
        ) from error


def _histogram(name: str, message: Message, given: Histogram) -> MetricArray:
    counts, edges = np.asarray(given.counts), np.asarray(given.edges, np.float64)
    if counts.ndim != 1 or edges.shape != (len(counts) + 1,) or not len(counts):
        raise BadInputError(
            f"{name}: {counts.shape} counts and {edges.shape} edges are no histogram; n counts have n + 1 edges"
        )
    if counts.dtype.kind not in "iu":
        raise BadInputError(f"{name}: counts are whole numbers, not {counts.dtype}")
    if not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
        raise BadInputError(f"{name}: the edges of a histogram are finite and ascend")
    return _array(name, message, _checked(name, counts.astype(np.int64)), edges)


def _checked(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in _KINDS:
        raise BadInputError(f"{name} is an array of {array.dtype}; allowed are numbers and truth values")
    if array.nbytes > MOST_BYTES:
        raise BadInputError(f"{name} has {array.nbytes:,} bytes; an array may have {MOST_BYTES:,}")
    return array


def _point(name: str, message: Message, value: float) -> MetricPoint:
    stamp = message.stamp
    return MetricPoint(name, stamp.epoch, stamp.step, value, stamp.measured_at, message.layer, message.tensor)


def _array(
    name: str, message: Message, values: NDArray[Any], edges: NDArray[np.float64] | None
) -> MetricArray:
    stamp = message.stamp
    place = (stamp.epoch, stamp.step)
    return MetricArray(name, *place, values.copy(), edges, stamp.measured_at, message.layer, message.tensor)


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"
