"""Records, a database of one process, and a spooling sink on it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np

from nntracker_ray.errors import DatabaseAwayError, StorageError
from nntracker_ray.records import Capture, MetricArray, MetricPoint, WeightArray
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.wire import decode_records

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE_S = 20.0


def point(epoch, metric="loss"):
    return MetricPoint(metric, epoch, 15 * (epoch + 1), epoch / 7, NOW)


def capture(epoch, values=10):
    array = np.full(values, epoch, dtype=np.float32)
    return Capture(epoch, 15 * (epoch + 1), (WeightArray(0, "dense", "kernel", array),), NOW)


def look(epoch, values=10):
    return MetricArray(
        "weights/histogram", epoch, epoch, np.full(values, epoch), None, NOW, "dense", "kernel"
    )


class Table:
    """A database of one process: what was delivered, in order; away, refusing or stale when told so."""

    def __init__(self, failures=()):
        self.records = []
        self.calls = 0
        self.failures = list(failures)
        self.refuses = lambda record: False
        self.is_there = threading.Event()
        self.is_there.set()

    def __call__(self, run_no, attempt, payload):
        assert (run_no, attempt) == (7, 2)
        self.calls += 1
        if not self.is_there.is_set():
            raise DatabaseAwayError("away")
        if self.failures:
            raise self.failures.pop(0)
        records = decode_records(payload)
        if any(map(self.refuses, records)):
            raise StorageError("the database refused: value out of range")
        self.records.extend(records)

    @property
    def epochs(self):
        return [record.epoch for record in self.records if isinstance(record, MetricPoint)]


def spool_sink(folder, table=None, **options):
    return SpoolSink(folder, run_no=7, attempt=2, deliver=table or Table(), **options)
