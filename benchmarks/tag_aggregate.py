"""P12: how long the aggregate of a tag takes: arrays fetched and NumPy, against the same in SQL, both checked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np

from benchmarks.database import embedded_database
from benchmarks.report import Figure
from benchmarks.timing import interleaved, spread
from nntracker_ray.commands import Selection
from nntracker_ray.comparing import Aggregate, aggregate
from nntracker_ray.storage import comparison_queries, writes
from nntracker_ray.storage.connection import Connection, Database
from tests.sample_runs import sample_spec

RUNS, EPOCHS, ROUNDS = 100, 10_000, 9
TAG = "nightly"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
INSERT = """
    INSERT INTO metrics (run_no, metric, epoch, step, value, time, attempt)
    SELECT run_no, metric, %(start)s + (place - 1) / cardinality(%(numbers)s::int[]), place, value, %(time)s, 1
      FROM unnest(%(values)s::float8[]) WITH ORDINALITY AS given (value, place),
           LATERAL (SELECT (%(numbers)s::int[])[1 + (place - 1) %% cardinality(%(numbers)s::int[])] AS run_no) AS run,
           unnest(ARRAY['loss', 'val_loss']) AS metric
     ORDER BY place"""
IN_SQL = """
    SELECT epoch, count(*), min(value), max(value), avg(value), stddev_samp(value),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value)
      FROM metrics JOIN run_tags USING (run_no)
     WHERE tag = %s AND metric = 'val_loss' AND layer = '' AND tensor = ''
     GROUP BY epoch ORDER BY epoch"""


def measure() -> list[Figure]:
    """The time of the aggregate, and how far it is from NumPy's own functions."""
    with embedded_database() as (_, database):
        owner_id, values = _runs(database)

        def ours() -> Aggregate:
            with database.connection() as conn:
                return _aggregate(conn, owner_id)

        def in_sql() -> None:
            with database.connection() as conn:
                conn.execute(IN_SQL, [TAG], binary=True).fetchall()

        found = ours()
        times, sql_times = interleaved(ours, in_sql, rounds=ROUNDS)
        what = f"min, max, mean, median, std of a tag: {RUNS} runs x {EPOCHS:,} epochs"
        detail = f"{spread(times, unit=1e3)}; in SQL {spread(sql_times, unit=1e3)}"
        return [
            Figure("P12", what, float(np.median(times)) * 1e3, "ms", 500, at_most=True, detail=detail),
            Figure(
                "P12",
                "the same, largest relative distance from NumPy",
                _distance(found, values),
                "",
                1e-12,
                at_most=True,
            ),
        ]


def _aggregate(conn: Connection, owner_id: UUID) -> Aggregate:
    """As REST and the page do it."""
    rows = comparison_queries.runs_to_compare(conn, viewer_id=owner_id, selection=Selection(tag=TAG))
    run_ids = [row.run_id for row in rows]
    curves = comparison_queries.comparison_curves(
        conn, viewer_id=owner_id, run_ids=run_ids, metric="val_loss"
    )
    return aggregate([*curves.values()])


def _runs(database: Database) -> tuple[UUID, np.ndarray]:
    """Tagged runs with two metrics each, written in the order in which runs that train at once report."""
    values = np.random.default_rng(0).lognormal(size=(RUNS, EPOCHS))
    experiment_id = uuid4()
    specs = [
        sample_spec(
            run_id=uuid4(), experiment_id=experiment_id, position=place, total_epochs=EPOCHS, tags=(TAG,)
        )
        for place in range(RUNS)
    ]
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
        writes.submit_experiment(
            conn, owner_id=owner_id, experiment_id=experiment_id, name="Benchmark", config={}, runs=specs
        )
        numbers = [no for (no,) in conn.execute("SELECT run_no FROM runs ORDER BY run_no")]
        for start in range(0, EPOCHS, 1000):  # each below the limit on a statement's time
            part = slice(start, start + 1000)
            conn.execute(
                INSERT,
                {
                    "numbers": numbers,
                    "start": start,
                    "values": values[:, part].T.ravel().tolist(),
                    "time": NOW,
                },
            )
        conn.execute("UPDATE runs SET epochs_done = %s", [EPOCHS])
    with database.connection() as conn:
        conn.execute("ANALYZE")
    return owner_id, values


def _distance(found: Aggregate, values: np.ndarray) -> float:
    expected = {
        "minimum": values.min(axis=0), "maximum": values.max(axis=0), "mean": values.mean(axis=0),
        "median": np.median(values, axis=0), "std": values.std(axis=0, ddof=1),
    }  # fmt: skip
    return max(
        float(np.max(np.abs(getattr(found, name) / numbers - 1))) for name, numbers in expected.items()
    )
