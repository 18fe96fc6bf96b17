"""A real Ray, runs to write for, and a producer that reports as a training does."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path

import ray

from actors.metrics_writer import deliver_to_actor
from nntracker_ray.records import MetricPoint, Progress
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.storage.connection import Database
from tests.integration.storage.examples_of_records import specs, submit

BURST = 50  # points
METRICS = ("loss", "accuracy")


def submitted_runs(database: Database, count: int) -> list[int]:
    """Numbers of new runs of one experiment."""
    runs = specs(count)
    submit(database, runs)
    with database.connection() as connection:
        rows = connection.execute(
            "SELECT run_no FROM runs WHERE experiment_id = %s ORDER BY position", [runs[0].experiment_id]
        )
        return [run_no for (run_no,) in rows]


def value_of(run_no: int, metric: str, epoch: int) -> float:
    """What a producer reports: worked out again by whoever checks the table."""
    if epoch % 97 == 0:
        return math.inf if metric == "loss" else math.nan
    return math.sin(run_no * 1_000_003 + epoch) + len(metric)


@ray.remote(num_cpus=0)
class Producer:
    """Reports for one run through a spool, at up to a given rate, and counts."""

    def __init__(self, folder: str, run_no: int) -> None:
        self.run_no = run_no
        self.sink = SpoolSink(Path(folder), run_no=run_no, attempt=1, deliver=deliver_to_actor())

    def produce(self, seconds: float, points_per_s: float) -> tuple[int, float]:
        """Returns (epochs reported, longest time that one call of `record` took in s)."""
        begin_s, epoch, slowest_s = time.monotonic(), 0, 0.0
        while time.monotonic() - begin_s < seconds:
            for _ in range(BURST // len(METRICS)):
                points = [self._point(metric, epoch) for metric in METRICS]
                before_s = time.perf_counter()
                self.sink.record(*points)
                slowest_s = max(slowest_s, time.perf_counter() - before_s)
                epoch += 1
            time.sleep(BURST / points_per_s)
        self.sink.record(Progress(epoch, epoch, datetime.now(UTC)))
        return epoch, slowest_s

    def finish(self, timeout_s: float) -> tuple[bool, str | None]:
        """Whether everything was acknowledged in time, and what stood in the way last."""
        drained, trouble = self.sink.drain(timeout_s), self.sink.trouble
        self.sink.close(1.0)
        return drained, trouble

    def _point(self, metric: str, epoch: int) -> MetricPoint:
        return MetricPoint(metric, epoch, epoch, value_of(self.run_no, metric, epoch), datetime.now(UTC))


def check_table(database: Database, epochs_of: dict[int, int]) -> None:
    """Nothing lost, nothing doubled, every value to the bit."""
    for run_no, epochs in epochs_of.items():
        with database.connection() as connection:
            rows = connection.execute(
                "SELECT metric, epoch, float8send(value), attempt FROM metrics WHERE run_no = %s", [run_no]
            ).fetchall()
            done = connection.execute("SELECT epochs_done FROM runs WHERE run_no = %s", [run_no]).fetchone()
        found = {(metric, epoch): bytes(value) for metric, epoch, value, _ in rows}
        expected = {
            (metric, epoch): _big_endian(value_of(run_no, metric, epoch))
            for metric in METRICS
            for epoch in range(epochs)
        }
        assert len(rows) == len(found), f"run {run_no}: {len(rows) - len(found)} points are there twice"
        missing = sorted(expected.keys() - found.keys())
        assert not missing, f"run {run_no}: {len(missing)} of {len(expected)} points lost: {missing[:5]}"
        assert found == expected
        assert done == (epochs,)


def _big_endian(value: float) -> bytes:
    import struct

    return struct.pack(">d", value)
