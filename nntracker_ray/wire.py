"""Records as bytes and back: what lies in the spool and what the metrics writer is sent.

A payload is one or more *frames*, each a msgpack array `[VERSION, record, record, ...]`; payloads may
therefore be joined with `b"".join`. A record is an array that begins with the number of its kind. Numbers
keep every bit: floats are 64-bit, NaN payloads included; arrays are little-endian raw bytes with the name of
their dtype and their shape; times are whole microseconds since 1970 UTC; the value of a fact is JSON text.

Reading builds nothing but records out of plain values: there is no way to name a class or to run code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, get_args

import msgpack
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import SpoolError
from nntracker_ray.records import (
    Adaptation,
    Capture,
    LogLine,
    MetricArray,
    MetricPoint,
    Progress,
    Record,
    RunFact,
    WeightArray,
)
from nntracker_ray.wire_form import (
    ADAPTATION,
    CAPTURE,
    EPOCH,
    FACT,
    LINE,
    METRIC,
    METRIC_ARRAY,
    MICROSECOND,
    PROGRESS,
    VERSION,
    array_fields,
)
from nntracker_ray.wire_reading import records_of

# The names of a row are part of an index, whose entries hold 2,700 bytes: PostgreSQL reports a longer one in the
# same class as an outage, and it would be sent for ever.
LONGEST_NAME: Final = 600  # characters, of metric, layer and tensor together

# Of a metric's array, whose edges may have one number more. Plots show no more, and a look comes every few steps.
MOST_ARRAY_BYTES: Final = 2**20
_SOURCES: Final = ("stdout", "stderr", "warning", "log")  # those that the table takes


def encode_records(records: Sequence[Record]) -> bytes:
    """The records as one frame.

    Raises: SpoolError: A record holds what cannot be sent: a time without a zone, an array of objects or
        text, an array of 4 GiB or more, one of a metric above 1 MiB or with edges that do not fit it, a fact
        that is not JSON, a name above 600 characters, a log line of an unknown source.
    """
    try:
        frame: bytes = msgpack.packb([VERSION, *map(_encoded, records)])
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise SpoolError(f"a record cannot be written down: {error}") from error
    return frame


def decode_records(payload: bytes) -> tuple[Record, ...]:
    """The records of a payload, in order; arrays are read-only.

    Raises: SpoolError: The payload is torn, garbage, or written by a newer version.
    """
    try:
        return records_of(payload)
    except SpoolError:
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        OverflowError,
        RecursionError,
        msgpack.UnpackException,
    ) as error:
        raise SpoolError(f"these {len(payload)} bytes are not records: {error!r:.200}") from error


def _encoded(record: object) -> list[Any]:
    # The most frequent kind first: this runs for every metric of every step.
    if isinstance(record, MetricPoint):
        _check_names(record.metric, record.layer, record.tensor)
        number = [int(record.epoch), int(record.step), float(record.value)]
        moment = _microseconds(record.measured_at)
        return [METRIC, record.metric, *number, moment, record.layer, record.tensor]
    if isinstance(record, MetricArray):
        return _encoded_metric_array(record)
    if isinstance(record, LogLine):
        return _encoded_line(record)
    return _encoded_rare(record)


def _encoded_rare(record: object) -> list[Any]:
    if isinstance(record, Capture):
        arrays = [_encoded_array(array) for array in record.arrays]
        return [CAPTURE, int(record.epoch), int(record.step), arrays, _microseconds(record.measured_at)]
    if isinstance(record, RunFact):
        _check_names(record.key)
        return [FACT, record.key, json.dumps(record.value)]
    if isinstance(record, Progress):
        moment = _microseconds(record.measured_at)
        return [PROGRESS, int(record.epochs_done), int(record.steps_done), moment]
    if isinstance(record, Adaptation):
        return _encoded_adaptation(record)
    known = ", ".join(kind.__name__ for kind in get_args(Record))
    raise TypeError(f"{type(record).__name__} is no record; known: {known}")


def _encoded_line(line: LogLine) -> list[Any]:
    if line.source not in _SOURCES:
        raise ValueError(f"a log line has source {line.source!r:.40}; allowed: {', '.join(_SOURCES)}")
    return [LINE, int(line.line_no), line.source, line.level, line.text, _microseconds(line.measured_at)]


def _encoded_adaptation(change: Adaptation) -> list[Any]:
    _check_names(change.parameter)
    place = [change.parameter, int(change.epoch), int(change.step)]
    values = [float(change.old), float(change.new), change.cause]
    return [ADAPTATION, *place, *values, _microseconds(change.measured_at)]


def _check_names(*names: str) -> None:
    if sum(map(len, names)) > LONGEST_NAME:
        raise ValueError(f"the name {names[0]!r:.40} is too long; at most {LONGEST_NAME} characters")


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _encoded_array(weight: WeightArray) -> list[Any]:
    _check_names(weight.layer_name, weight.tensor)
    name = [int(weight.layer_index), weight.layer_name, weight.tensor]
    return [*name, *array_fields(np.asarray(weight.array), f"{weight.layer_name}/{weight.tensor}")]


def _encoded_metric_array(look: MetricArray) -> list[Any]:
    _check_names(look.metric, look.layer, look.tensor)
    values = np.asarray(look.values)
    _check_size(look.metric, values)
    place = [look.metric, int(look.epoch), int(look.step), _microseconds(look.measured_at)]
    edges = None if look.edges is None else _edge_bytes(look.metric, values, look.edges)
    return [METRIC_ARRAY, *place, look.layer, look.tensor, *array_fields(values, look.metric), edges]


def _check_size(metric: str, values: NDArray[Any], *, more: int = 0) -> None:
    if values.nbytes > MOST_ARRAY_BYTES + more:
        raise ValueError(f"{metric!r:.40} has {values.nbytes:,} bytes; at most {MOST_ARRAY_BYTES:,}")


def _edge_bytes(metric: str, counts: NDArray[Any], edges: NDArray[np.float64]) -> bytes:
    found = np.asarray(edges, "<f8")
    if counts.ndim != 1 or found.shape != (counts.size + 1,):
        raise ValueError(
            f"{metric!r:.40} has counts of shape {counts.shape} and edges of shape {found.shape}; "
            "n counts have n + 1 edges"
        )
    _check_size(metric, found, more=found.itemsize)
    return found.tobytes()
