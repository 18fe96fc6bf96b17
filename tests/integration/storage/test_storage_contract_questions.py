"""What the pages ask, as every backend must answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import Lease, Progress, RunFact
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.weight_writes import write_weights
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    claim,
    looked,
    point,
    run_spec,
    started_run,
    submit,
)


def measured_run(database: Database) -> tuple[UUID, Lease]:
    """A run with a bit of everything."""
    owner_id, lease = started_run(database)
    folds = {0: (np.arange(3), np.arange(3, 5))}
    submit(database, [lease.spec], folds=folds)
    records = [point(), looked(), capture(0, np.ones((2, 3), "f4")), RunFact("k", 1), Progress(1, 10, NOON)]
    with database.connection() as connection:
        write_batches(connection, [batch(lease, *records)])
    return owner_id, lease


# Every question about one run or experiment; who may not see it must not tell it from one that is not there.
QUESTIONS: dict[str, Callable[[Connection, UUID, UUID, UUID], Any]] = {
    "find_run": lambda c, owner, run, _: queries.find_run(c, viewer_id=owner, run_id=run),
    "run_spec": lambda c, owner, run, _: queries.run_spec(c, viewer_id=owner, run_id=run),
    "run_facts": lambda c, owner, run, _: queries.run_facts(c, viewer_id=owner, run_id=run),
    "state_changes": lambda c, owner, run, _: queries.state_changes(c, viewer_id=owner, run_id=run),
    "layer_curves": lambda c, owner, run, _: queries.layer_curves(c, viewer_id=owner, run_id=run),
    "observed_series": lambda c, owner, run, _: queries.observed_series(c, viewer_id=owner, run_id=run),
    "layer_heat": lambda c, owner, run, _: queries.layer_heat(c, viewer_id=owner, run_id=run, metric="norm"),
    "metric_arrays": lambda c, owner, run, _: queries.metric_arrays(
        c, viewer_id=owner, run_id=run, metric="weights/histogram", layer="dense", tensor="kernel"
    ),
    "weight_arrays": lambda c, owner, run, _: queries.weight_arrays(c, viewer_id=owner, run_id=run),
    "layer_weights": lambda c, owner, run, _: queries.layer_weights(
        c, viewer_id=owner, run_id=run, layer="dense", tensor="kernel"
    ),
    "reduced_weights": lambda c, owner, run, _: queries.reduced_weights(
        c, viewer_id=owner, run_id=run, layer="dense", tensor="kernel", max_points=4
    ),
    "fold_summary": lambda c, owner, _, experiment: queries.fold_summary(
        c, viewer_id=owner, experiment_id=experiment
    ),
    "fold_membership": lambda c, owner, _, experiment: queries.fold_membership(
        c, viewer_id=owner, experiment_id=experiment, fold=0
    ),
}


class TestWhoMaySee:
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_what_is_somebody_elses_is_not_found(self, database: Database, question: str):
        """T17: guessing an identifier must not even tell that it exists."""
        owner_id, lease = measured_run(database)
        ask, experiment_id = QUESTIONS[question], lease.spec.experiment_id

        with database.connection() as connection:
            ask(connection, owner_id, lease.run_id, experiment_id)
            with pytest.raises(NotFoundError):
                ask(connection, uuid4(), lease.run_id, experiment_id)
            with pytest.raises(NotFoundError):
                ask(connection, owner_id, uuid4(), uuid4())

    def test_lists_and_curves_of_others_are_empty(self, database: Database):
        """The same for questions about many."""
        _, lease = measured_run(database)

        with database.connection() as connection:
            assert queries.list_runs(connection, viewer_id=uuid4()) == []
            assert queries.count_runs(connection, viewer_id=uuid4()) == 0
            curves = queries.learning_curves(connection, viewer_id=uuid4(), run_ids=[lease.run_id])

        assert {len(column) for column in curves.values()} == {0}


class TestFolds:
    def test_the_summary_is_mean_and_sample_deviation_over_the_folds(self, database: Database):
        """Fold means are what papers report; n - 1, because folds are a sample."""
        experiment_id, values = uuid4(), [0.5, 0.7, 0.9]
        specs = [
            run_spec(
                experiment_id=experiment_id, name=f"FileSim (LR1) ({fold + 1})", fold=fold, position=fold
            )
            for fold in range(3)
        ]
        lone = run_spec(experiment_id=experiment_id, name="FileSim (LR2)", configuration_index=1, position=3)
        owner_id = submit(database, [*specs, lone])
        for value in [*values, 0.1]:
            lease = claim(database)
            assert lease is not None
            with database.connection() as connection:
                write_batches(
                    connection, [batch(lease, point(epoch=0, value=9.9), point(epoch=1, value=value))]
                )

        with database.connection() as connection:
            summary = queries.fold_summary(connection, viewer_id=owner_id, experiment_id=experiment_id)

        assert (summary["name"], summary["runs"]) == (["FileSim (LR1)", "FileSim (LR2)"], [3, 1])
        assert summary["mean"][0] == pytest.approx(np.mean(values), rel=1e-12)
        assert summary["std"][0] == pytest.approx(np.std(values, ddof=1), rel=1e-12)
        assert math.isnan(summary["std"][1])


class TestReducedWeights:
    def test_the_extremes_of_every_epoch_are_among_the_points(self, database: Database):
        """An exploding weight must be seen at every zoom."""
        owner_id, lease = started_run(database)
        arrays = [np.random.default_rng(epoch).normal(size=(50, 40)).astype("f4") for epoch in range(5)]
        with database.connection() as connection:
            write_batches(
                connection, [batch(lease, *(capture(epoch, array) for epoch, array in enumerate(arrays)))]
            )
            found = queries.reduced_weights(
                connection,
                viewer_id=owner_id,
                run_id=lease.run_id,
                layer="dense",
                tensor="kernel",
                max_points=500,
            )

        assert 400 < len(found["value"]) <= 500
        for epoch, array in enumerate(arrays):
            of_epoch = found["epoch"] == epoch
            values, places = found["value"][of_epoch], found["index"][of_epoch]
            assert (values.min(), values.max()) == (array.min(), array.max())
            np.testing.assert_array_equal(values, array.reshape(-1)[places])

    def test_many_captures_are_thinned_and_the_first_and_last_stay(self, database: Database):
        """The limit holds whatever the number of epochs."""
        owner_id, lease = started_run(database)
        with database.connection() as connection:
            captures = [capture(epoch, np.arange(8.0)) for epoch in range(100)]
            write_batches(connection, [batch(lease, *captures)])
            found = queries.reduced_weights(
                connection,
                viewer_id=owner_id,
                run_id=lease.run_id,
                layer="dense",
                tensor="kernel",
                max_points=20,
            )

        assert len(found["value"]) <= 20
        assert {0, 99} <= set(found["epoch"].tolist())


class TestSqlForPeople:
    """Grafana and notebooks read the original tracker's tables; here they are views."""

    DTYPES = (
        "float16",
        "float32",
        "float64",
        "bfloat16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint64",
        "bool",
    )

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_the_numbers_of_an_array_are_read_exactly(self, database: Database, dtype: str):
        """SQL decodes the stored bytes itself; NumPy is the judge."""
        _, lease = started_run(database)
        kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
        array = self.telling_values(kind)
        with database.connection() as connection:
            write_batches(connection, [batch(lease, capture(0, array))])

            (found,) = connection.execute(
                "SELECT weight FROM weights WHERE sim_id = %s", [lease.run_id]
            ).fetchone()

        np.testing.assert_array_equal(found, array.astype("f8"))

    @staticmethod
    def telling_values(kind: np.dtype) -> np.ndarray:
        """Zeros, smallest, largest, subnormal, and what is not a number."""
        if kind.kind in "iu":
            info = np.iinfo(kind)
            # Beyond 2**53 a float8 rounds; so does NumPy.
            return np.array([0, 1, info.min, info.max], kind)
        if kind.kind == "b":
            return np.array([True, False])
        info = ml_dtypes.finfo(kind)
        values = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            info.tiny,
            info.smallest_subnormal,
            info.max,
            info.min,
            np.inf,
            -np.inf,
            np.nan,
        ]
        return np.array(values).astype(kind)

    def test_weight_values_gives_places_and_values_within_its_limit(self, database: Database):
        """Also across the parts that a large array is stored in."""
        _, lease = started_run(database)
        array = np.arange(1000, dtype="f4")
        with database.connection() as connection:
            write_weights(connection, [batch(lease, capture(0, array), capture(3, -array))], part_bytes=1200)

            rows = connection.execute(
                "SELECT * FROM weight_values(%s, 'dense', 'kernel', 100)", [lease.run_id]
            ).fetchall()

        assert 90 <= len(rows) <= 100
        assert {epoch for epoch, _, _ in rows} == {0, 3}
        assert all(value == (index if epoch == 0 else -index) for epoch, index, value in rows)

    def test_epoch_values_and_extra_metrics_have_the_original_columns(self, database: Database):
        """A dashboard made for the original tracker works on unchanged."""
        _, lease = started_run(database)
        names = ("loss", "accuracy", "val_loss", "val_accuracy", "mae")
        with database.connection() as connection:
            write_batches(
                connection, [batch(lease, *(point(name, 0, value=i) for i, name in enumerate(names)))]
            )

            (epoch,) = connection.execute(
                "SELECT epoch, sim_id, loss, accuracy, time, val_loss, val_accuracy FROM epoch_values"
            ).fetchall()
            (extra,) = connection.execute(
                "SELECT epoch, sim_id, metric, value, time FROM extra_metrics"
            ).fetchall()

        assert epoch == (0, lease.run_id, 0.0, 1.0, NOON, 2.0, 3.0)
        assert extra == (0, lease.run_id, "mae", 4.0, NOON)
