"""What goes into the wire format comes out of it, to the bit; anything else is refused."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import ml_dtypes
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

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
from nntracker_ray.wire import MOST_ARRAY_BYTES, decode_records, encode_records

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
int64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))
text = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
points = st.builds(MetricPoint, text, int64, int64, st.floats(), moments, text, text)
array_dtypes = st.sampled_from(
    ["?", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u8", "<f2", ">f4", "<f4", ">f8", "<c8"]
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def capture_of(array: np.ndarray) -> Capture:
    return Capture(3, 45, (WeightArray(1, "dense_4", "kernel", array),), NOON)


def look(values, edges=None, metric="weights/histogram") -> MetricArray:
    return MetricArray(metric, 3, 45, np.asarray(values), edges, NOON, "dense_4", "kernel")


def sent(record):
    return decode_records(encode_records([record]))[0]


@given(st.lists(points))
def test_metric_points_come_back_to_the_bit(given_points):
    """A NaN, an infinity or a minus zero in a loss is data, and the run that diverged is the one to look at."""
    returned = decode_records(encode_records(given_points))

    assert [bits(point.value) for point in returned] == [bits(point.value) for point in given_points]
    for left, right in zip(returned, given_points, strict=True):
        assert (left.metric, left.epoch, left.step, left.measured_at, left.layer, left.tensor) == (
            right.metric,
            right.epoch,
            right.step,
            right.measured_at,
            right.layer,
            right.tensor,
        )


@given(npst.arrays(array_dtypes, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_arrays_keep_dtype_shape_and_every_bit(array):
    """Every array of a layer is stored in its own dtype: 0-d counters, empty biases, transposed kernels."""
    returned = sent(capture_of(array)).arrays[0].array

    assert (returned.dtype.name, returned.shape) == (array.dtype.name, array.shape)
    assert returned.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 4)])
def test_the_small_floats_of_mixed_precision_are_kept(dtype, shape):
    """bfloat16 is no dtype of NumPy's own and offers no buffer; it must not be widened on the way."""
    array = np.linspace(-3, 3, int(np.prod(shape))).reshape(shape).astype(dtype)

    returned = sent(capture_of(array)).arrays[0].array

    assert (returned.dtype, returned.shape) == (array.dtype, shape)
    assert returned.tobytes() == array.tobytes()


@given(npst.arrays(array_dtypes, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
def test_arrays_of_metrics_keep_dtype_shape_and_every_bit(values):
    """A plug-in may answer with any array: a row of similarities, one number of its own kind, nothing at all."""
    returned = sent(look(values))

    assert (returned.values.dtype.name, returned.values.shape) == (values.dtype.name, values.shape)
    assert returned.values.tobytes() == values.astype(values.dtype.newbyteorder("<")).tobytes()
    assert (returned.edges, returned.layer, returned.tensor, returned.measured_at) == (
        None,
        "dense_4",
        "kernel",
        NOON,
    )


@given(st.lists(st.tuples(int64, st.floats())), st.floats(), text, int64, int64)
def test_histograms_keep_counts_and_edges(bins, last_edge, metric, epoch, step):
    """Edges that are rounded put values into other bins; those of a layer that diverged are not finite."""
    counts = np.array([count for count, _ in bins], np.int64)
    edges = np.array([*(edge for _, edge in bins), last_edge])

    returned = sent(MetricArray(metric, epoch, step, counts, edges, NOON))

    assert (returned.metric, returned.epoch, returned.step) == (metric, epoch, step)
    assert returned.values.tolist() == counts.tolist()
    assert returned.edges.tobytes() == edges.tobytes()


def test_the_largest_array_of_a_metric_is_one_mebibyte():
    """A look that comes every few steps must not bring the weights of a network each time."""
    fits = np.zeros(MOST_ARRAY_BYTES // 8, np.int64)

    assert sent(look(fits, np.zeros(fits.size + 1))).values.nbytes == MOST_ARRAY_BYTES
    for values, edges in [
        (np.zeros(MOST_ARRAY_BYTES + 1, np.int8), None),
        (np.zeros(fits.size + 1, np.int8), np.zeros(fits.size + 2)),
    ]:
        with pytest.raises(SpoolError, match=r"at most 1,048,576"):
            encode_records([look(values, edges)])


def test_a_strided_view_arrives_as_what_it_shows():
    """A transposed kernel is a view; sending its memory instead of its values would scramble the weights."""
    view = np.arange(24, dtype=np.float32).reshape(4, 6).T[::2]

    assert np.array_equal(sent(capture_of(view)).arrays[0].array, view)


@given(text, json_values)
def test_facts_come_back_equal(key, value):
    """Facts hold what has no column: versions, summaries, whole numbers beyond 64 bits."""
    assert sent(RunFact(key, value)) == RunFact(key, value)


@given(st.builds(Adaptation, text, int64, int64, st.floats(), st.floats(), text, moments))
def test_adaptations_come_back_to_the_bit(change):
    """Below 1e-5 neighbouring learning rates differ in their last bits only."""
    returned = sent(change)

    assert (bits(returned.old), bits(returned.new)) == (bits(change.old), bits(change.new))
    assert replace(returned, old=0.0, new=0.0) == replace(change, old=0.0, new=0.0)


@given(
    st.builds(
        LogLine, int64, st.sampled_from(["stdout", "stderr", "warning", "log"]), text, st.text(), moments
    )
)
def test_log_lines_come_back_equal(line):
    """A library may print anything at all."""
    try:
        payload = encode_records([line])
    except SpoolError:
        assert not line.text.isprintable()  # half a surrogate pair is no text
        return

    assert decode_records(payload) == (line,)


def test_what_an_older_version_wrote_is_still_read():
    """F22: after an update the spools of killed trainings hold frames of before it."""
    moment = (NOON - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    frame = [1, [0, "loss", 0, 15, 0.5, moment, "", ""], [2, "key", "1"], [3, 1, 15, moment]]

    returned = decode_records(msgpack.packb(frame) + encode_records([Progress(2, 30, NOON)]))

    expected = (MetricPoint("loss", 0, 15, 0.5, NOON), RunFact("key", 1), Progress(1, 15, NOON))
    assert returned == (*expected, Progress(2, 30, NOON))


def test_what_the_version_before_this_one_wrote_is_still_read():
    """2 knew everything but arrays of metrics."""
    moment = (NOON - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    frame = [2, [4, "learning_rate", 1, 20, 0.1, 0.05, "step", moment], [5, 0, "stdout", "", "hello", moment]]

    assert decode_records(msgpack.packb(frame)) == (
        Adaptation("learning_rate", 1, 20, 0.1, 0.05, "step", NOON),
        LogLine(0, "stdout", "", "hello", NOON),
    )


def test_records_keep_their_order_and_payloads_may_be_joined():
    """Progress comes after what it announces; the spool joins small payloads into one large one."""
    first = [MetricPoint("loss", 0, 15, 0.5, NOON), RunFact("k", 1)]
    second = [Progress(1, 15, NOON)]

    joined = encode_records(first) + encode_records([]) + encode_records(second)

    assert decode_records(joined) == (*first, *second)


def test_a_time_of_another_zone_is_the_same_moment():
    """All times are UTC in the database, wherever the trainer thinks it is."""
    local = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert sent(Progress(1, 15, local)) == Progress(1, 15, NOON)


@pytest.mark.parametrize(
    "record",
    [
        MetricPoint("loss", 0, 0, 1.0, datetime(2026, 3, 1)),
        capture_of(np.array([object()])),
        capture_of(np.array(["text"])),
        RunFact("k", {1, 2}),
        RunFact("k", datetime),
        MetricPoint("loss", 2**70, 0, 1.0, NOON),
        MetricPoint("\ud800", 0, 0, 1.0, NOON),
        MetricPoint("loss" * 200, 0, 0, 1.0, NOON),
        RunFact("k" * 1000, 1),
        Adaptation("rate" * 200, 0, 0, 1.0, 0.5, "", NOON),
        LogLine(0, "syslog", "", "text", NOON),
        look(np.array([object()])),
        look([1, 2], np.zeros(2)),
        look([[1, 2]], np.zeros(3)),
        look([1], metric="m" * 600),
        "no record",
    ],
    ids=[
        "naive time",
        "objects",
        "strings",
        "set",
        "class",
        "huge epoch",
        "lone surrogate",
        "long metric",
        "long key",
        "long parameter",
        "unknown source",
        "objects of a metric",
        "edges too few",
        "edges of a matrix",
        "long metric of an array",
        "other type",
    ],
)
def test_what_cannot_be_sent_is_refused_where_it_is_written(record):
    """An error here names the record; an error in the database would stop a batch of innocent ones."""
    with pytest.raises(SpoolError):
        encode_records([record])


def test_a_torn_payload_is_refused_at_every_byte():
    """Half a payload must never pass for a whole one."""
    payload = encode_records(
        [
            MetricPoint("loss", 0, 15, 0.5, NOON, "dense", "kernel"),
            look([1, 2], np.array([0.0, 0.5, 1.0])),
            Progress(1, 15, NOON),
        ]
    )

    for length in range(1, len(payload)):
        with pytest.raises(SpoolError):
            decode_records(payload[:length])


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_empty(garbage):
    """The decoder meets bytes of a damaged disk; its only answers are records and SpoolError."""
    try:
        records = decode_records(garbage)
    except SpoolError:
        return
    assert all(isinstance(record, get_args(Record)) for record in records)


anything = st.recursive(
    st.none() | st.booleans() | int64 | st.floats() | text | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=11) | st.dictionaries(text, inner, max_size=2),
)


@given(st.lists(st.lists(anything, max_size=11) | anything, max_size=3), st.sampled_from(range(7)))
def test_well_formed_msgpack_of_the_wrong_shape_is_refused_or_valid(fields, kind):
    """Garbage that parses is the harder half: types and sizes of every field are checked."""
    try:
        records = decode_records(msgpack.packb([3, [kind, *fields]]))
    except SpoolError:
        return
    assert len(records) == 1


@pytest.mark.parametrize(
    ("dtype", "shape", "raw"),
    [
        ("object", [1], bytes(8)),
        ("float32", [2], bytes(4)),
        ("float32", [-1], bytes(4)),
        ("float32", [-1, -1], bytes(4)),
        ("float32", [2**40], bytes(4)),
        ("float32", [1], "text"),
        ("O", [1], bytes(8)),
    ],
)
def test_an_array_that_does_not_fit_its_bytes_is_refused(dtype, shape, raw):
    """No dtype outside the list, no shape that is guessed, no memory beyond the payload."""
    frame = [1, [1, 0, 0, [[0, "dense", "kernel", dtype, shape, raw]], 0]]

    with pytest.raises(SpoolError):
        decode_records(msgpack.packb(frame))


@pytest.mark.parametrize(
    ("shape", "raw", "edges"),
    [
        ([2], bytes(8), None),
        ([1], bytes(8), bytes(8)),
        ([1], bytes(8), "text"),
        ([1], bytes(8), bytes(15)),
        ([1, 1], bytes(8), bytes(16)),
        ([-1], bytes(8), bytes(0)),
    ],
    ids=["too few values", "too few edges", "text", "half an edge", "a matrix", "negative"],
)
def test_a_histogram_whose_parts_do_not_fit_is_refused(shape, raw, edges):
    """Bins that belong to other counts would be drawn as if they were true."""
    frame = [3, [6, "weights/histogram", 0, 1, 0, "dense", "kernel", "int64", shape, raw, edges]]

    with pytest.raises(SpoolError):
        decode_records(msgpack.packb(frame))


def test_a_newer_version_is_named_in_the_refusal():
    """After a downgrade an old reader must say so, not guess at the fields."""
    with pytest.raises(SpoolError, match=r"version 4.*Update"):
        decode_records(msgpack.packb([4, [0, "loss"]]))
