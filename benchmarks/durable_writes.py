"""P5, P6, P7: what it costs to make scalars and weights durable, in time and on disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks.database import LeasedRun, embedded_database, leased_run
from benchmarks.report import Figure
from benchmarks.timing import interleaved, ratio, seconds, spread
from nntracker_ray.records import Batch, Capture, MetricPoint, WeightArray
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database

Deliver = Callable[[int, int, bytes], None]

POINTS = 100_000
CAPTURES = 11
LAYER_WEIGHTS = 100_000
LARGE_LAYER_WEIGHTS = 5_000_000
MODEL_SHAPES = {"dense_4": ((784, 128), (128,)), "dense_5": ((128, 10), (10,))}  # 101,770 parameters
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def measure() -> list[Figure]:
    """Every figure of this module, against one embedded PostgreSQL."""
    with embedded_database() as (dsn, database):
        return [_scalars(dsn, database), _weights(dsn, database), _reading_a_layer(database), _disk(database)]


def _scalars(dsn: str, database: Database) -> Figure:
    """P5: recorded on a training thread -> spool -> writer actor -> committed, against raw COPY."""
    with _writer_actor(dsn) as deliver, tempfile.TemporaryDirectory() as spool:
        ours, raw = interleaved(
            lambda: _through_the_writer(database, Path(spool), deliver),
            lambda: _raw_copy_of_points(dsn, database),
            rounds=5,
        )
    return Figure(
        "P5",
        f"{POINTS:,} scalars made durable through sink, spool and writer actor",
        ratio(raw, ours),
        "x raw COPY",
        0.5,
        at_most=False,
        detail=f"{POINTS / np.median(ours):,.0f} rows/s against {POINTS / np.median(raw):,.0f}",
    )


def _points() -> list[MetricPoint]:
    return [
        MetricPoint(
            metric=f"metric_{number % 10}",
            epoch=number // 10,
            step=number // 10,
            value=number / 7,
            measured_at=NOW,
        )
        for number in range(POINTS)
    ]


def _through_the_writer(database: Database, spool: Path, deliver: Deliver) -> None:
    run = leased_run(database)
    sink = SpoolSink(spool, run_no=run.run_no, attempt=run.attempt, deliver=deliver)
    sink.record(*_points())
    if not sink.drain(120.0):
        raise RuntimeError("the writer did not acknowledge within two minutes")
    sink.close()


def _raw_copy_of_points(dsn: str, database: Database) -> None:
    run, points = leased_run(database), _points()
    statement = "COPY metrics (run_no, metric, epoch, step, value, time, attempt) FROM STDIN (FORMAT binary)"
    with psycopg.connect(dsn) as conn, conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int4", "text", "int4", "int8", "float8", "timestamptz", "int4"])
        for point in points:
            copy.write_row((run.run_no, point.metric, point.epoch, point.step, point.value, NOW, run.attempt))


@contextmanager
def _writer_actor(dsn: str) -> Iterator[Deliver]:
    """The real writer in a Ray of its own."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    from actors.metrics_writer import deliver_to_actor, start_metrics_writer, stop_metrics_writer

    ray.init(address="local", namespace="nntracker", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        yield deliver_to_actor(start_metrics_writer(dsn))
        stop_metrics_writer()
    finally:
        ray.shutdown()


def _weights(dsn: str, database: Database) -> Figure:
    """P6: captures through write_batches against raw binary COPY of the same bytes."""
    array, captures = _normal(LARGE_LAYER_WEIGHTS), 3
    ours, raw = interleaved(
        lambda: _write_captures(database, array, captures=captures),
        lambda: _raw_copy_of_bytea(dsn, array, captures=captures),
        rounds=5,
    )
    megabytes = captures * array.nbytes / 1e6
    return Figure(
        "P6",
        f"weights made durable ({captures} captures of {LARGE_LAYER_WEIGHTS / 1e6:.0f} M float32)",
        ratio(raw, ours),
        "x raw COPY of bytea",
        0.6,
        at_most=False,
        detail=f"{megabytes / np.median(ours):.0f} MB/s against {megabytes / np.median(raw):.0f}",
    )


def _normal(count: int) -> NDArray[Any]:
    return np.random.default_rng(0).standard_normal(count).astype(np.float32)


def _write_captures(database: Database, array: NDArray[Any], *, captures: int) -> LeasedRun:
    run = leased_run(database)
    for epoch in range(captures):
        capture = Capture(epoch, epoch, (WeightArray(0, "dense", "kernel", array),), NOW)
        with database.connection() as conn:
            writes.write_batches(conn, [Batch(run.run_no, run.attempt, (capture,))])
    return run


def _raw_copy_of_bytea(dsn: str, array: NDArray[Any], *, captures: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS benchmark_raw")
        conn.execute("CREATE TABLE benchmark_raw (epoch int PRIMARY KEY, data bytea)")
        conn.execute("ALTER TABLE benchmark_raw ALTER COLUMN data SET STORAGE EXTERNAL")
        for epoch in range(captures):
            with conn.cursor().copy("COPY benchmark_raw FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int4", "bytea"])
                copy.write_row((epoch, array.tobytes()))


def _reading_a_layer(database: Database) -> Figure:
    run = _write_captures(database, _normal(LAYER_WEIGHTS), captures=CAPTURES)

    def read() -> None:
        with database.connection() as conn:
            queries.layer_weights(
                conn, viewer_id=run.owner_id, run_id=run.run_id, layer="dense", tensor="kernel"
            )

    read()
    times = [seconds(read) for _ in range(15)]
    return Figure(
        "P6",
        f"one layer of {LAYER_WEIGHTS:,} weights x {CAPTURES} captures into NumPy",
        float(np.median(times)) * 1e3,
        "ms",
        10,
        at_most=True,
        detail=spread(times, unit=1e3),
    )


def _disk(database: Database) -> Figure:
    """P7: growth of the table, its TOAST and indexes for the captures of a 101,770-parameter model."""
    before, captures = _table_bytes(database), 20
    run = leased_run(database)
    for epoch in range(captures):
        with database.connection() as conn:
            writes.write_batches(conn, [Batch(run.run_no, run.attempt, (_model_capture(epoch),))])
    used = _table_bytes(database) - before
    return Figure(
        "P7",
        "disk for captures: table, TOAST and indexes together",
        used / (captures * 101_770),
        "bytes per float32 weight",
        4.4,
        at_most=True,
        detail=f"{used / 1e6:.1f} MB for {captures} captures of 101,770 weights",
    )


def _model_capture(epoch: int) -> Capture:
    rng = np.random.default_rng(epoch)
    arrays = tuple(
        WeightArray(index, layer, tensor, rng.standard_normal(shape).astype(np.float32))
        for index, (layer, shapes) in enumerate(MODEL_SHAPES.items())
        for tensor, shape in zip(("kernel", "bias"), shapes, strict=True)
    )
    return Capture(epoch, epoch, arrays, NOW)


def _table_bytes(database: Database) -> int:
    with database.connection() as conn:
        row = conn.execute("SELECT pg_total_relation_size('weight_arrays')").fetchone()
    if row is None:
        raise RuntimeError("the size of weight_arrays is not known")
    return int(row[0])
