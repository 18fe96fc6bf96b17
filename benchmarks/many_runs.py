"""A platform that has been in use: hundreds of experiments, their runs in every state, with tags and last values."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from benchmarks.database import run_spec
from nntracker_ray.records import Configuration, NamedConf, RunSpec
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database

RUNS_EACH = 50  # of an experiment: five configurations, ten folds
OPTIMIZERS = ("Adam", "SGD", "RMSprop", "Adagrad", "Nadam")
TAGS = ("baseline", "nightly", "wide", "to keep")
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")
AT_WORK = 7  # runs

# What trainings would have left behind, in one statement: 85 of 100 runs have ended.
TRAINED = """
UPDATE runs SET attempt = 1, epochs_done = 1 + run_no %% 20, started_at = now() - run_no * interval '1 minute',
       ended_at = now() - run_no * interval '1 minute' + (30 + run_no %% 600) * interval '1 second',
       state = CASE run_no %% 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'stopped' ELSE 'finished' END
 WHERE run_no %% 100 < 85 AND run_no > %(from_no)s"""
WORKING = """
UPDATE runs SET state = 'running', attempt = 1, started_at = now(), heartbeat_at = 'infinity'
 WHERE run_no IN (SELECT run_no FROM runs WHERE state = 'queued' ORDER BY run_no LIMIT %(count)s)"""
LAST_VALUES = """
INSERT INTO run_last_metrics (run_no, metric, epoch, step, value, time, attempt)
SELECT run_no, metric, epochs_done - 1, 45 * epochs_done,
       CASE WHEN run_no %% 97 = 0 THEN 'NaN' ELSE random() END, now(), 1
  FROM runs CROSS JOIN unnest(%(metrics)s::text[]) AS metric
 WHERE ended_at IS NOT NULL AND run_no > %(from_no)s"""
ANALYZE = ("ANALYZE runs", "ANALYZE run_last_metrics", "ANALYZE run_tags")


def fill(database: Database, runs: int) -> list[UUID]:
    """Submit so many runs for the local account and let most of them have been trained.

    Returns: the ids of the experiments.
    """
    experiments = []
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
        from_no = conn.execute("SELECT coalesce(max(run_no), 0) FROM runs").fetchone()
        for number in range(runs // RUNS_EACH):
            specs = _specs(number)
            experiments.append(specs[0].experiment_id)
            writes.submit_experiment(
                conn,
                owner_id=owner_id,
                experiment_id=specs[0].experiment_id,
                name=f"Study {number}",
                config={},
                runs=specs,
            )
        values = {"from_no": from_no[0] if from_no else 0}
        conn.execute(TRAINED, values)
        conn.execute(WORKING, {"count": AT_WORK})
        conn.execute(LAST_VALUES, {**values, "metrics": list(METRICS)})
    with database.connection() as conn:
        for statement in ANALYZE:  # as autovacuum does on a platform that has been up for a minute
            conn.execute(statement)
    return experiments


def _specs(number: int) -> list[RunSpec]:
    one = replace(
        run_spec(epochs=20),
        experiment_id=uuid4(),
        tags=(TAGS[number % len(TAGS)],) if number % 3 == 0 else (),
    )
    return [
        replace(
            one,
            run_id=uuid4(),
            name=f"Study {number} (O{position // 10 + 1}) ({position % 10 + 1})",
            position=position,
            configuration=Configuration(
                NamedConf(OPTIMIZERS[position // 10]),
                NamedConf("SparseCategoricalCrossentropy"),
                10.0 ** -(1 + position // 10),
            ),
            configuration_index=position // 10,
            fold=position % 10,
        )
        for position in range(RUNS_EACH)
    ]
