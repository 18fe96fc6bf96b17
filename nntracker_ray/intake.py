"""Where the training thread leaves its records: a queue in memory that never makes it wait."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from nntracker_ray.delivery import Gaps
from nntracker_ray.errors import SpoolError
from nntracker_ray.records import Capture, LogLine, MetricPoint, Record
from nntracker_ray.wire import encode_records

# More would hold the interpreter, and with it the training, for milliseconds at a time.
FRAME_RECORDS: Final = 1_000
FRAME_BYTES: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class SinkLimits:
    """How much may wait for the database before something is left out, with a mark in the data."""

    spool_bytes: int = 4 * 2**30  # on disk; beyond it captures are left out
    memory_bytes: int = 256 * 2**20  # while the disk refuses or lags; beyond half of it captures are left out
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
        self._capture_bytes = 0
        self._capture_mutex = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._queue)

    def add(self, record: Record) -> None:
        """Take a record, or note a gap when too much waits already."""
        if isinstance(record, Capture):
            self._add_capture(record)
        elif len(self._queue) < self._limits.queued_records:
            self._queue.append(record)
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
        size = 0
        marker = None
        while self._queue and marker is None and len(records) < FRAME_RECORDS and size < FRAME_BYTES:
            item = self._queue.popleft()
            if isinstance(item, Marker):
                marker = item
                continue
            size += array_bytes(item)
            records.append(item)
        with self._capture_mutex:
            self._capture_bytes -= size
        return records, marker

    def _add_capture(self, capture: Capture) -> None:
        size = array_bytes(capture)
        with self._capture_mutex:
            # One is always let in: a network larger than the limit is recorded as well.
            fits = self._capture_bytes == 0 or self._capture_bytes + size <= self._limits.memory_bytes
            self._capture_bytes += size if fits else 0
        if fits:
            self._queue.append(capture)
        else:
            self._gaps.add("captures_thinned", "the disk does not keep up with the training", capture)


def thinned(
    records: list[Record], limits: SinkLimits, gaps: Gaps, *, memory_bytes: int, spool_bytes: int
) -> list[Record]:
    """What is kept of the records when so much waits already: captures go first, then metrics and
    log lines.

    Facts, adaptations and progress are small, few, and say what is missing: they stay.
    """
    if memory_bytes >= limits.memory_bytes:
        return _without((MetricPoint, Capture, LogLine), records, gaps, "records_dropped")
    if memory_bytes >= limits.memory_bytes / 2 or spool_bytes >= limits.spool_bytes:
        return _without((Capture,), records, gaps, "captures_thinned")
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
    return sum(weight.array.nbytes for weight in record.arrays) if isinstance(record, Capture) else 0


def _without(kinds: tuple[type[Record], ...], records: list[Record], gaps: Gaps, gap: str) -> list[Record]:
    left_out = [record for record in records if isinstance(record, kinds)]
    if left_out:
        gaps.add(gap, "the database was away longer than the spool could hold", *left_out)
    return [record for record in records if not isinstance(record, kinds)]
