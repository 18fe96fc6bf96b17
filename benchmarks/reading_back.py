"""P10, P11: how long a page waits for curves and for one layer's weights over all epochs."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from benchmarks.database import LeasedRun, embedded_database, leased_run
from benchmarks.report import Figure
from benchmarks.timing import seconds, spread
from nntracker_ray.records import Batch, Capture, MetricPoint, WeightArray
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database

EPOCHS = 200
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "kl_divergence", "val_kl_divergence")
OTHER_RUNS = 50  # the table holds more than the run asked for
WEIGHTS, CAPTURES, MAX_POINTS = 100_000, 100, 10_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def measure() -> list[Figure]:
    """Every figure of this module, against one embedded PostgreSQL."""
    with embedded_database() as (_, database):
        runs = [_run_with_curves(database) for _ in range(OTHER_RUNS + 1)]
        return [
            _curves(database, runs[-1], None, "every epoch metric of a run"),
            _curves(database, runs[-1], ["kl_divergence"], "one extra metric of a run"),
            _reduced_weights(database),
        ]


def _run_with_curves(database: Database) -> LeasedRun:
    run = leased_run(database, epochs=EPOCHS)
    points = [
        MetricPoint(metric, epoch, 45 * (epoch + 1), 1 / (epoch + 1), NOW)
        for epoch in range(EPOCHS)
        for metric in METRICS
    ]
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(run.run_no, run.attempt, tuple(points))])
    return run


def _curves(database: Database, run: LeasedRun, metrics: list[str] | None, what: str) -> Figure:
    def read() -> None:
        with database.connection() as conn:
            queries.learning_curves(conn, viewer_id=run.owner_id, run_ids=[run.run_id], metrics=metrics)

    read()
    times = [seconds(read) for _ in range(25)]
    rows = EPOCHS * len(metrics or METRICS)
    detail = f"{rows:,} points; {spread(times, unit=1e3)}"
    return Figure("P10", what, float(np.median(times)) * 1e3, "ms", 10, at_most=True, detail=detail)


def _reduced_weights(database: Database) -> Figure:
    run, rng = leased_run(database), np.random.default_rng(0)
    for epoch in range(CAPTURES):
        array = WeightArray(0, "dense", "kernel", rng.standard_normal(WEIGHTS).astype(np.float32))
        with database.connection() as conn:
            writes.write_batches(
                conn, [Batch(run.run_no, run.attempt, (Capture(epoch, epoch, (array,), NOW),))]
            )

    def read() -> None:
        with database.connection() as conn:
            queries.reduced_weights(
                conn,
                viewer_id=run.owner_id,
                run_id=run.run_id,
                layer="dense",
                tensor="kernel",
                max_points=MAX_POINTS,
            )

    read()
    times = [seconds(read) for _ in range(15)]
    return Figure(
        "P11",
        f"a layer of {WEIGHTS:,} weights x {CAPTURES} captures, reduced to {MAX_POINTS:,} points",
        float(np.median(times)) * 1e3,
        "ms",
        50,
        at_most=True,
        detail=spread(times, unit=1e3),
    )
