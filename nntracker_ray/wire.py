"""Records as bytes and back: what lies in the spool and what the metrics writer is sent.

A payload is one or more *frames*, each a msgpack array `[VERSION, record, record, ...]`; payloads may
therefore be joined with `b"".join`. A record is an array that begins with the number of its kind. Numbers
keep every bit: floats are 64-bit, NaN payloads included; arrays are little-endian raw bytes with the name of
their dtype and their shape; times are whole microseconds since 1970 UTC; the value of a fact is JSON text.

Reading builds nothing but records out of plain values: there is no way to name a class or to run code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import ml_dtypes
import msgpack
import numpy as np

from nntracker_ray.errors import SpoolError
from nntracker_ray.records import (
    Adaptation,
    Capture,
    LogLine,
    MetricPoint,
    Progress,
    Record,
    RunFact,
    WeightArray,
    little_endian,
)

VERSION: Final = 2
_READABLE: Final = (1, 2)  # 1 knew no adaptations and no log lines; an update finds it in spools
# The names of a row are part of an index, whose entries hold 2,700 bytes: PostgreSQL reports a longer one in the
# same class as an outage, and it would be sent for ever.
LONGEST_NAME: Final = 600  # characters, of metric, layer and tensor together

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_METRIC, _CAPTURE, _FACT, _PROGRESS, _ADAPTATION, _LINE = range(6)
_SOURCES: Final = ("stdout", "stderr", "warning", "log")  # those that the table takes
_KINDS: Final = (np.bool_, np.float16, np.float32, np.float64, np.complex64, np.complex128)
_INTEGERS: Final = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_SMALL_FLOATS: Final = (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    kind.name: kind for kind in (np.dtype(name) for name in (*_KINDS, *_INTEGERS, *_SMALL_FLOATS))
}


def encode_records(records: Sequence[Record]) -> bytes:
    """The records as one frame.

    Raises: SpoolError: A record holds what cannot be sent: a time without a zone, an array of objects or
        text, an array of 4 GiB or more, a fact that is not JSON, a name above 600 characters, a log line of an
        unknown source.
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
        return tuple(record for frame in _frames(payload) for record in _decoded_frame(frame))
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


# --- writing -----------------------------------------------------------------------------------------------


def _encoded(record: object) -> list[Any]:
    # The most frequent kind first: this runs for every metric of every step.
    if isinstance(record, MetricPoint):
        _check_names(record.metric, record.layer, record.tensor)
        number = [int(record.epoch), int(record.step), float(record.value)]
        moment = _microseconds(record.measured_at)
        return [_METRIC, record.metric, *number, moment, record.layer, record.tensor]
    if isinstance(record, Capture):
        arrays = [_encoded_array(array) for array in record.arrays]
        return [_CAPTURE, int(record.epoch), int(record.step), arrays, _microseconds(record.measured_at)]
    if isinstance(record, RunFact):
        _check_names(record.key)
        return [_FACT, record.key, json.dumps(record.value)]
    if isinstance(record, Progress):
        moment = _microseconds(record.measured_at)
        return [_PROGRESS, int(record.epochs_done), int(record.steps_done), moment]
    if isinstance(record, LogLine):
        return _encoded_line(record)
    if isinstance(record, Adaptation):
        return _encoded_adaptation(record)
    known = ", ".join(kind.__name__ for kind in get_args(Record))
    raise TypeError(f"{type(record).__name__} is no record; known: {known}")


def _encoded_line(line: LogLine) -> list[Any]:
    if line.source not in _SOURCES:
        raise ValueError(f"a log line has source {line.source!r:.40}; allowed: {', '.join(_SOURCES)}")
    return [_LINE, int(line.line_no), line.source, line.level, line.text, _microseconds(line.measured_at)]


def _encoded_adaptation(change: Adaptation) -> list[Any]:
    _check_names(change.parameter)
    place = [change.parameter, int(change.epoch), int(change.step)]
    values = [float(change.old), float(change.new), change.cause]
    return [_ADAPTATION, *place, *values, _microseconds(change.measured_at)]


def _check_names(*names: str) -> None:
    if sum(map(len, names)) > LONGEST_NAME:
        raise ValueError(f"the name {names[0]!r:.40} is too long; at most {LONGEST_NAME} characters")


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _encoded_array(weight: WeightArray) -> list[Any]:
    array = np.asarray(weight.array)
    if array.dtype.name not in _DTYPES:
        known = ", ".join(_DTYPES)
        raise TypeError(f"{weight.layer_name}/{weight.tensor} has dtype {array.dtype}; allowed: {known}")
    _check_names(weight.layer_name, weight.tensor)
    # bfloat16 offers no buffer of its own, bytes do; a view costs no copy of a large array.
    raw = little_endian(array).reshape(-1).view(np.uint8)
    name = [int(weight.layer_index), weight.layer_name, weight.tensor]
    return [*name, array.dtype.name, list(array.shape), raw.data]


# --- reading -----------------------------------------------------------------------------------------------


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
    if _integer(version) not in _READABLE:
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
    measured_at = _EPOCH + timedelta(microseconds=moment)
    return MetricPoint(metric, epoch, step, value, measured_at, layer, tensor)


def _capture(fields: list[Any]) -> Capture:
    _, epoch, step, arrays, moment = fields
    weights = tuple(_array(_list(array)) for array in _list(arrays))
    return Capture(_integer(epoch), _integer(step), weights, _moment(moment))


def _array(fields: list[Any]) -> WeightArray:
    index, layer, tensor, dtype, sides, raw = fields
    kind, shape = _DTYPES[_text(dtype)], tuple(_integer(side) for side in _list(sides))
    fits = type(raw) is bytes and len(raw) == math.prod(shape) * kind.itemsize
    if not fits or min(shape, default=0) < 0:
        raise ValueError(f"an array of {dtype} and shape {shape} does not have these bytes")
    array = np.frombuffer(raw, dtype=kind.newbyteorder("<")).reshape(shape)
    return WeightArray(_integer(index), _text(layer), _text(tensor), array)


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
    _METRIC: _metric,
    _CAPTURE: _capture,
    _FACT: _fact,
    _PROGRESS: _progress,
    _ADAPTATION: _adaptation,
    _LINE: _line,
}


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError(f"{type(value).__name__} stands where a list belongs")
    return value


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
    return _EPOCH + timedelta(microseconds=_integer(value))
