"""Records back out of bytes that a damaged disk may have changed: every field's type and size is checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgpack

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
    PROGRESS,
    READABLE,
    VERSION,
    array_of,
)


def records_of(payload: bytes) -> tuple[Record, ...]:
    """See `wire.decode_records`, which turns what this raises of other kinds into SpoolError."""
    return tuple(record for frame in _frames(payload) for record in _decoded_frame(frame))


def _frames(payload: bytes) -> Iterator[Any]:
    unpacker = msgpack.Unpacker(max_buffer_size=max(len(payload), 1))
    unpacker.feed(payload)
    whole = 0
    for frame in unpacker:
        yield frame
        whole = unpacker.tell()
    if whole != len(payload):
        raise SpoolError(f"the payload is torn: of {len(payload)} bytes {whole} are whole frames")


def _decoded_frame(frame: Any) -> list[Record]:
    version, *records = _list(frame)
    if _integer(version) not in READABLE:
        raise SpoolError(
            f"the payload is of version {version}; this NNTracker reads up to {VERSION}. Update it."
        )
    return [_READERS[_integer(_list(fields)[0])](fields) for fields in records]


def _metric(fields: list[Any]) -> MetricPoint:
    _, metric, epoch, step, value, moment, layer, tensor = fields
    # One expression: this runs for every metric of every step, and calls would cost more than the checks.
    if not (
        type(value) is float
        and type(epoch) is type(step) is type(moment) is int
        and type(metric) is type(layer) is type(tensor) is str
    ):
        raise TypeError(f"these are not the fields of a metric: {fields!r:.100}")
    measured_at = EPOCH + timedelta(microseconds=moment)
    return MetricPoint(metric, epoch, step, value, measured_at, layer, tensor)


def _capture(fields: list[Any]) -> Capture:
    _, epoch, step, arrays, moment = fields
    weights = tuple(_array(_list(array)) for array in _list(arrays))
    return Capture(_integer(epoch), _integer(step), weights, _moment(moment))


def _array(fields: list[Any]) -> WeightArray:
    index, layer, tensor, dtype, sides, raw = fields
    array = array_of(_text(dtype), _shape(sides), raw)
    return WeightArray(_integer(index), _text(layer), _text(tensor), array)


def _metric_array(fields: list[Any]) -> MetricArray:
    _, metric, epoch, step, moment, layer, tensor, dtype, sides, raw, edge_bytes = fields
    values = array_of(_text(dtype), _shape(sides), raw)
    edges = None if edge_bytes is None else array_of("float64", (values.size + 1,), edge_bytes)
    if edges is not None and values.ndim != 1:
        raise ValueError(f"a histogram does not have the shape {values.shape}")
    place = _text(metric), _integer(epoch), _integer(step)
    return MetricArray(*place, values, edges, _moment(moment), _text(layer), _text(tensor))


def _fact(fields: list[Any]) -> RunFact:
    _, key, value = fields
    return RunFact(_text(key), json.loads(_text(value)))


def _progress(fields: list[Any]) -> Progress:
    _, epochs, steps, moment = fields
    return Progress(_integer(epochs), _integer(steps), _moment(moment))


def _adaptation(fields: list[Any]) -> Adaptation:
    _, parameter, epoch, step, old, new, cause, moment = fields
    place = _text(parameter), _integer(epoch), _integer(step)
    return Adaptation(*place, _number(old), _number(new), _text(cause), _moment(moment))


def _line(fields: list[Any]) -> LogLine:
    _, line_no, source, level, text, moment = fields
    return LogLine(_integer(line_no), _text(source), _text(level), _text(text), _moment(moment))


_READERS: Final[dict[int, Callable[[list[Any]], Record]]] = {
    METRIC: _metric,
    CAPTURE: _capture,
    FACT: _fact,
    PROGRESS: _progress,
    ADAPTATION: _adaptation,
    LINE: _line,
    METRIC_ARRAY: _metric_array,
}


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError(f"{type(value).__name__} stands where a list belongs")
    return value


def _shape(sides: Any) -> tuple[int, ...]:
    return tuple(_integer(side) for side in _list(sides))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{type(value).__name__} stands where text belongs")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{type(value).__name__} stands where a whole number belongs")
    return value


def _number(value: Any) -> float:
    if type(value) is not float:
        raise TypeError(f"{type(value).__name__} stands where a number belongs")
    return value


def _moment(value: Any) -> datetime:
    return EPOCH + timedelta(microseconds=_integer(value))
