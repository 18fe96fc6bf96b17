"""What was observed inside a network, as every backend must keep it and answer for it."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import Lease, MetricArray, MetricPoint, Record, RunFact
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.lineage_writes import keep_history_of_children
from nntracker_ray.storage.queries import OfEpoch
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    looked,
    point,
    started_run,
)
from tests.integration.storage.lineage_examples import claimed, fork, parent_with_epochs

KERNEL = {"layer": "dense", "tensor": "kernel"}
HISTOGRAM = {"metric": "weights/histogram", **KERNEL}


def write(database: Database, lease: Lease, *records: Record, attempt: int | None = None) -> None:
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *records, attempt=attempt)])


def arrays(database: Database, owner_id: UUID, run_id: UUID, **given: Any) -> queries.StoredArrays:
    with database.connection() as conn:
        return queries.metric_arrays(conn, viewer_id=owner_id, run_id=run_id, **{**HISTOGRAM, **given})


def heat(database: Database, owner_id: UUID, run_id: UUID, **given: Any) -> queries.LayerHeat:
    values = {"viewer_id": owner_id, "run_id": run_id, "metric": "weights/mean", **given}
    with database.connection() as conn:
        return queries.layer_heat(conn, **values)


def mean(
    epoch: int, value: float, *, step: int | None = None, layer: str = "dense", tensor: str = "kernel"
) -> MetricPoint:
    at = (epoch + 1) * 10 if step is None else step
    return point("weights/mean", epoch, value, step=at, layer=layer, tensor=tensor)


def counts(stored: queries.StoredArrays) -> list[tuple[int, list[int], bool]]:
    return [(one.epoch, one.values.tolist(), one.inherited) for one in stored.arrays]


class TestArrays:
    DTYPES = ("int64", "float64", "float32", "uint8", "bool", "complex64")

    @pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 3)], ids=str)
    @pytest.mark.parametrize(
        "dtype", [*map(np.dtype, DTYPES), np.dtype(ml_dtypes.bfloat16)], ids=lambda one: one.name
    )
    def test_an_array_comes_back_bit_for_bit(
        self, database: Database, dtype: np.dtype, shape: tuple[int, ...]
    ):
        """A similarity is a row of floats, a plug-in's answer may be anything."""
        owner_id, lease = started_run(database)
        array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)

        write(database, lease, looked(values=array, edges=None))

        (stored,) = arrays(database, owner_id, lease.run_id).arrays
        assert (stored.values.dtype, stored.values.shape, stored.edges) == (dtype, shape, None)
        assert stored.values.tobytes() == array.tobytes()

    def test_a_histogram_comes_back_with_its_edges(self, database: Database):
        """Counts without edges say nothing; edges rounded would say something else."""
        owner_id, lease = started_run(database)
        edges = np.array([-np.inf, -0.0, 5e-324, 0.1])

        write(database, lease, looked(3, [2**60, 0, 1], edges=edges))

        (stored,) = arrays(database, owner_id, lease.run_id).arrays
        assert stored.edges is not None
        assert stored.edges.tobytes() == edges.tobytes()
        assert (stored.epoch, stored.step, stored.measured_at.second) == (3, 40, 3)
        assert stored.values.tolist() == [2**60, 0, 1]

    @pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=str)
    def test_of_two_attempts_the_later_counts(self, database: Database, order: tuple[int, int]):
        """A run that goes on from a checkpoint looks at some steps twice; sending again changes nothing."""
        owner_id, lease = started_run(database)

        for attempt in (*order, *order):
            write(database, lease, looked(0, [attempt] * 3), attempt=attempt)

        assert counts(arrays(database, owner_id, lease.run_id)) == [(0, [2, 2, 2], False)]

    def test_one_batch_may_hold_a_place_twice(self, database: Database):
        """Within an attempt the later look counts."""
        owner_id, lease = started_run(database)

        write(database, lease, looked(0, [1]), looked(0, [2], measured_at=NOON.replace(hour=13)))

        assert counts(arrays(database, owner_id, lease.run_id)) == [(0, [2], False)]

    def test_a_live_chart_gets_only_what_it_lacks(self, database: Database):
        """P14: the bytes of a tick do not grow with the history; nothing new is no error."""
        owner_id, lease = started_run(database)
        write(database, lease, *map(looked, range(5)))

        assert [one.epoch for one in arrays(database, owner_id, lease.run_id, after_step=40).arrays] == [4]
        assert arrays(database, owner_id, lease.run_id, after_step=50).arrays == ()

    def test_what_is_thinned_is_told(self, database: Database):
        """The first and last stay, and how many there are is said."""
        owner_id, lease = started_run(database)
        write(database, lease, *map(looked, range(20)))

        found = arrays(database, owner_id, lease.run_id, most=4)

        assert found.points == 20
        assert [one.epoch for one in found.arrays] == [0, 6, 13, 19]

    @pytest.mark.parametrize("given", [{"metric": "other"}, {"layer": "other"}, {"tensor": "bias"}], ids=str)
    def test_a_series_that_is_not_there_is_not_found(self, database: Database, given: dict[str, str]):
        """An empty answer would look like a network that was never looked at."""
        owner_id, lease = started_run(database)
        write(database, lease, looked())

        with pytest.raises(NotFoundError, match="lists those"):
            arrays(database, owner_id, lease.run_id, **given)


class TestSeries:
    def test_say_what_there_is_in_the_order_of_the_model(self, database: Database):
        """A page asks this before it draws anything."""
        owner_id, lease = started_run(database)
        summary = {"layers": [{"name": "input"}, {"name": "zeta"}, {"name": "alpha"}]}
        write(
            database,
            lease,
            RunFact("model_summary", summary),
            *(mean(epoch, 0.5, layer=layer) for epoch in (1, 3) for layer in ("alpha", "zeta", "own")),
            looked(2),
            looked(2, metric="activations/svcca", edges=None),
            point("gradients/noise_scale"),
            point("loss"),
        )

        with database.connection() as conn:
            found = queries.observed_series(conn, viewer_id=owner_id, run_id=lease.run_id)

        assert [(one.metric, one.layer, one.kind.value) for one in found] == [
            ("activations/svcca", "dense", "array"),
            ("gradients/noise_scale", "", "scalar"),
            ("weights/histogram", "dense", "histogram"),
            ("weights/mean", "zeta", "scalar"),
            ("weights/mean", "alpha", "scalar"),
            ("weights/mean", "own", "scalar"),
        ]
        last = found[-1]
        assert (last.points, last.first_epoch, last.last_epoch, last.first_step, last.last_step) == (
            2,
            1,
            3,
            20,
            40,
        )

    def test_a_run_that_nobody_looks_into_has_none(self, database: Database):
        """Its losses are no business of its layers."""
        owner_id, lease = started_run(database)
        write(database, lease, point("loss"), capture(0, np.ones(3)))

        with database.connection() as conn:
            assert queries.observed_series(conn, viewer_id=owner_id, run_id=lease.run_id) == []


class TestCurves:
    def test_are_narrowed_by_layer_tensor_and_step(self, database: Database):
        """One line that grows needs one line's new points."""
        owner_id, lease = started_run(database)
        write(
            database,
            lease,
            *(
                mean(epoch, epoch, layer=layer, tensor=tensor)
                for epoch in range(3)
                for layer in ("one", "two")
                for tensor in ("kernel", "bias")
            ),
        )

        with database.connection() as conn:
            found = queries.layer_curves(
                conn, viewer_id=owner_id, run_id=lease.run_id, layers=["two"], tensors=["bias"], after_step=10
            )

        assert set(zip(found["layer"], found["tensor"], strict=True)) == {("two", "bias")}
        assert found["step"].tolist() == [20, 30]

    def test_metrics_of_the_step_as_a_whole_are_among_them(self, database: Database):
        """The gradient's noise is of no layer; the loss is not of the inside."""
        owner_id, lease = started_run(database)
        write(database, lease, point("gradients/noise_scale"), point("loss"))

        with database.connection() as conn:
            found = queries.layer_curves(conn, viewer_id=owner_id, run_id=lease.run_id)

        assert list(found["metric"]) == ["gradients/noise_scale"]


class TestHeat:
    def several_looks(self, database: Database) -> tuple[UUID, Lease]:
        owner_id, lease = started_run(database)
        values = {0: [1.0, 4.0, 2.0], 1: [1.0, math.nan, 0.0], 2: [1.5e308, 1.5e308, 1.0]}
        write(
            database,
            lease,
            *(
                mean(epoch, value, step=10 * epoch + place)
                for epoch, of_epoch in values.items()
                for place, value in enumerate(of_epoch)
            ),
        )
        return owner_id, lease

    @pytest.mark.parametrize(
        ("of_epoch", "expected"),
        [
            (OfEpoch.LAST, [2.0, 0.0, 1.0]),
            (OfEpoch.MIN, [1.0, math.nan, 1.0]),
            (OfEpoch.MAX, [4.0, math.nan, 1.5e308]),
            (OfEpoch.MEAN, [7 / 3, math.nan, 1e308]),
        ],
        ids=str,
    )
    def test_an_epoch_is_one_number_and_a_nan_in_it_is_seen(
        self, database: Database, of_epoch: OfEpoch, expected: list[float]
    ):
        """A layer that broke must not look healthy because the least of its numbers is; nor fail by overflow."""
        owner_id, lease = self.several_looks(database)

        found = heat(database, owner_id, lease.run_id, of_epoch=of_epoch)

        np.testing.assert_allclose(found.values, [expected], rtol=1e-15)
        assert found.measured.all()

    def test_rows_stand_as_in_the_model_and_gaps_are_told_from_nan(self, database: Database):
        """White where nobody looked, marked where the value was none."""
        owner_id, lease = started_run(database)
        captured = capture(0, np.ones(2), layer="zeta")
        write(
            database,
            lease,
            captured,
            mean(0, 1.0, layer="alpha"),
            mean(2, math.nan, layer="zeta"),
            mean(2, math.inf, layer="zeta", tensor="bias"),
        )

        found = heat(database, owner_id, lease.run_id)

        assert found.layers == ("zeta", "zeta", "alpha")
        assert found.tensors == ("bias", "kernel", "kernel")
        assert found.epochs.tolist() == [0, 2]
        np.testing.assert_array_equal(found.values, [[np.nan, np.inf], [np.nan, np.nan], [1.0, np.nan]])
        np.testing.assert_array_equal(found.measured, [[False, True], [False, True], [True, False]])

    def test_of_one_tensor_there_is_a_row_for_each_layer(self, database: Database):
        """Layer by epoch."""
        owner_id, lease = started_run(database)
        write(database, lease, *(mean(0, 1.0, tensor=tensor) for tensor in ("kernel", "bias")))

        found = heat(database, owner_id, lease.run_id, tensor="bias")

        assert (found.layers, found.tensors, found.values.shape) == (("dense",), ("bias",), (1, 1))

    def test_of_what_was_not_measured_there_is_nothing(self, database: Database):
        """A metric may be asked for before its first look."""
        owner_id, lease = started_run(database)

        found = heat(database, owner_id, lease.run_id)

        assert (found.layers, found.epochs.size, found.values.shape) == ((), 0, (0, 0))


class TestInheritedInside:
    def family(self, database: Database) -> tuple[UUID, UUID, UUID]:
        """A parent of four epochs and its fork after the second, which has made one of its own."""
        owner_id, parent = parent_with_epochs(database, 4)
        write(database, parent, *(record for epoch in range(4) for record in self.of(epoch, 1)))
        run_id = fork(database, owner_id, parent.run_id, checkpoint="epoch-0001")
        write(database, claimed(database, run_id), *self.of(2, 2))
        return owner_id, parent.run_id, run_id

    @staticmethod
    def of(epoch: int, whose: int) -> tuple[MetricPoint, MetricArray]:
        return mean(epoch, whose), looked(epoch, [whose])

    def seen(self, database: Database, owner_id: UUID, run_id: UUID) -> list[Any]:
        """Everything that is asked of the inside of a run."""
        with database.connection() as conn:
            series = queries.observed_series(conn, viewer_id=owner_id, run_id=run_id)
            curves = queries.layer_curves(conn, viewer_id=owner_id, run_id=run_id)
        return [
            series,
            counts(arrays(database, owner_id, run_id)),
            heat(database, owner_id, run_id).values.tolist(),
            curves["value"].tolist(),
        ]

    def test_a_fork_begins_with_what_its_parent_saw(self, database: Database):
        """Up to the checkpoint and no further."""
        owner_id, _, run_id = self.family(database)

        series, histograms, values, _ = self.seen(database, owner_id, run_id)

        assert histograms == [(0, [1], True), (1, [1], True), (2, [2], False)]
        assert values == [[1.0, 1.0, 2.0]]
        points = {one.metric: (one.points, one.last_step) for one in series}
        assert points["weights/histogram"] == points["weights/mean"] == (3, 30)

    def test_it_looks_the_same_when_the_parent_is_gone(self, database: Database):
        """Deleting a run takes nothing from the runs that went on from it."""
        owner_id, parent_id, run_id = self.family(database)
        before = self.seen(database, owner_id, run_id)

        with database.connection() as conn:
            (number,) = conn.execute("SELECT run_no FROM runs WHERE run_id = %s", [parent_id]).fetchone()
            keep_history_of_children(conn, number)
            conn.execute("DELETE FROM runs WHERE run_no = %s", [number])

        assert self.seen(database, owner_id, run_id) == before


def test_people_may_read_them_by_sql(database: Database, database_url: str):
    """As metrics and weights: whoever asks on the query page gets numbers, and not a refusal."""
    _, lease = started_run(database)
    write(database, lease, looked())

    found = queries.read_only_sql(database_url, "SELECT numbers_of(data, dtype), edges FROM metric_arrays")

    assert found.rows == [([1.0, 2.0, 3.0], pytest.approx([0.0, 1 / 3, 2 / 3, 1.0]))]
