"""Where the training thread leaves its records: a queue in memory that never makes it wait."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from nntracker_ray.delivery import Gaps
from nntracker_ray.errors import SpoolError
from nntracker_ray.records import Capture, LogLine, MetricArray, MetricPoint, Record
from nntracker_ray.wire import encode_records

# More would hold the interpreter, and with it the training, for milliseconds at a time.
FRAME_RECORDS: Final = 1_000
FRAME_BYTES: Final = 4 * 2**20
# What is left out before any number is, the first first; by how the gap is called.
_THINNED: Final[dict[type[Record], str]] = {
    Capture: "captures_thinned",
    MetricArray: "metric_arrays_thinned",
}
_WITHOUT_CAPTURES, _WITHOUT_METRIC_ARRAYS = 0.5, 0.75  # shares of what may wait


@dataclass(frozen=True, slots=True)
class SinkLimits:
    """How much may wait for the database before something is left out, with a mark in the data."""

    # On disk; beyond it captures are left out, beyond one and a half times as much arrays of metrics.
    spool_bytes: int = 4 * 2**30
    # While the disk refuses or lags; beyond half of it captures are left out, beyond three quarters arrays of metrics.
    # Of each of the two as much again may have been taken and not yet encoded.
    memory_bytes: int = 256 * 2**20
    queued_records: int = 1_000_000  # taken, not yet encoded


@dataclass(slots=True, eq=False)
class Marker:
    """Stands in the queue behind the records that somebody waits for."""

    passed: threading.Event
    sync: bool
    position: int = 0  # of the backlog, when passed


class Intake:
    """A bounded first-in first-out queue: any thread adds, one takes out."""

    def __init__(self, limits: SinkLimits, gaps: Gaps) -> None:
        self._limits, self._gaps = limits, gaps
        self._queue: deque[Record | Marker] = deque()
        # Apart: a capture in the queue, however large, costs no array of a metric.
        self._held_bytes: dict[type[Record], int] = dict.fromkeys(_THINNED, 0)
        self._held_mutex = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def add(self, record: Record) -> None:
        """Take a record, or note a gap when too much waits already."""
        if isinstance(record, Capture) or len(self._queue) < self._limits.queued_records:
            self._put(record)
        else:
            self._gaps.add("records_dropped", "the disk does not keep up with the training", record)

    def mark(self, *, sync: bool) -> Marker:
        """Put a marker behind everything added so far; `sync` asks for an fsync of all that."""
        marker = Marker(threading.Event(), sync)
        self._queue.append(marker)
        return marker

    def next_frame(self) -> tuple[list[Record], Marker | None]:
        """The next records, few enough for one frame, and the marker that ended them, if one did."""
        records: list[Record] = []
        sizes = dict.fromkeys(_THINNED, 0)
        marker = None
        while (
            self._queue
            and marker is None
            and len(records) < FRAME_RECORDS
            and sum(sizes.values()) < FRAME_BYTES
        ):
            item = self._queue.popleft()
            if isinstance(item, Marker):
                marker = item
                continue
            if isinstance(item, Capture | MetricArray):
                sizes[type(item)] += array_bytes(item)
            records.append(item)
        with self._held_mutex:
            for kind, size in sizes.items():
                self._held_bytes[kind] -= size
        return records, marker

    def _put(self, record: Record) -> None:
        if not isinstance(record, Capture | MetricArray) or self._holds(record):
            self._queue.append(record)
        else:
            self._gaps.add(_THINNED[type(record)], "the disk does not keep up with the training", record)

    def _holds(self, record: Capture | MetricArray) -> bool:
        kind, size = type(record), array_bytes(record)
        with self._held_mutex:
            held = self._held_bytes[kind]
            # One is always let in: a network larger than the limit is recorded as well.
            fits = held == 0 or held + size <= self._limits.memory_bytes
            self._held_bytes[kind] += size if fits else 0
        return fits


def thinned(
    records: list[Record], limits: SinkLimits, gaps: Gaps, *, memory_bytes: int, spool_bytes: int
) -> list[Record]:
    """What is kept of the records when so much waits already: captures go first, then arrays of metrics, then
    metrics and log lines.

    Facts, adaptations and progress are small, few, and say what is missing: they stay.
    """
    if memory_bytes >= limits.memory_bytes:
        return _without((MetricPoint, MetricArray, Capture, LogLine), records, gaps, "records_dropped")
    fullness = max(memory_bytes / limits.memory_bytes, spool_bytes / limits.spool_bytes / 2)
    if fullness >= _WITHOUT_CAPTURES:
        records = _without((Capture,), records, gaps, _THINNED[Capture])
    if fullness >= _WITHOUT_METRIC_ARRAYS:
        records = _without((MetricArray,), records, gaps, _THINNED[MetricArray])
    return records


def encoded(records: list[Record], gaps: Gaps) -> list[bytes]:
    """The records as payloads; one that cannot be written down costs only itself."""
    try:
        return [encode_records(records)] if records else []
    except SpoolError as error:
        if len(records) == 1:
            gaps.add("records_refused", str(error), *records)
            return []
        return [payload for record in records for payload in encoded([record], gaps)]


def array_bytes(record: Record) -> int:
    """Memory that the arrays of a record take, in bytes."""
    if isinstance(record, Capture):
        return sum(weight.array.nbytes for weight in record.arrays)
    if isinstance(record, MetricArray):
        return record.values.nbytes + (0 if record.edges is None else record.edges.nbytes)
    return 0


def _without(kinds: tuple[type[Record], ...], records: list[Record], gaps: Gaps, gap: str) -> list[Record]:
    left_out = [record for record in records if isinstance(record, kinds)]
    if left_out:
        gaps.add(gap, "the database was away longer than the spool could hold", *left_out)
    return [record for record in records if not isinstance(record, kinds)]
