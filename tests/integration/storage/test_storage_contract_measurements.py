"""What training reports, as every backend must keep it: each value once, bit for bit."""

from __future__ import annotations

import math
import struct
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.records import Batch, Lease, MetricPoint, Progress, RunFact
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import (
    find_run,
    layer_curves,
    layer_weights,
    learning_curves,
    run_facts,
    weight_arrays,
)
from nntracker_ray.storage.weight_writes import write_weights
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    claim,
    point,
    started_run,
    submit,
)
from tests.integration.storage.examples_of_records import run_spec as example_spec

SAME_DATABASE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
QUIET_NAN_WITH_PAYLOAD = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0]


def write(database: Database, *batches: Batch) -> None:
    with database.connection() as connection:
        write_batches(connection, batches)


def curves(database: Database, owner_id: Any, lease: Lease, **given: Any) -> dict[str, Any]:
    with database.connection() as connection:
        return learning_curves(connection, viewer_id=owner_id, run_ids=[lease.run_id], **given)


def stored_rows(database: Database, run_no: int) -> list[tuple[Any, ...]]:
    """Everything measured of a run, floats as their bits."""
    with database.connection() as connection:
        metrics = connection.execute(
            "SELECT metric, layer, epoch, step, float8send(value), time, attempt FROM metrics WHERE run_no = %s"
            " ORDER BY 1, 2, 3, 4",
            [run_no],
        ).fetchall()
        weights = connection.execute(
            "SELECT layer_name, tensor, epoch, part, data, attempt FROM weight_arrays WHERE run_no = %s"
            " ORDER BY 1, 2, 3, 4",
            [run_no],
        ).fetchall()
        last = connection.execute(
            "SELECT metric, epoch, step, float8send(value), attempt FROM run_last_metrics WHERE run_no = %s ORDER BY 1",
            [run_no],
        ).fetchall()
        run = connection.execute(
            "SELECT epochs_done, steps_done FROM runs WHERE run_no = %s", [run_no]
        ).fetchall()
    return [*metrics, *weights, *last, *run]


class TestMetrics:
    @pytest.mark.parametrize(
        "value", [math.nan, QUIET_NAN_WITH_PAYLOAD, math.inf, -math.inf, -0.0, 5e-324, 0.1]
    )
    def test_a_value_keeps_its_bits(self, database: Database, value: float):
        """T8: a diverging run is the one worth looking at; and nothing may be rounded."""
        owner_id, lease = started_run(database)

        write(database, batch(lease, point(value=value)))

        found = curves(database, owner_id, lease)["value"]
        assert found.tobytes() == np.float64(value).tobytes() or struct.pack("<d", value) == found.tobytes()

    def test_points_come_in_drawing_order_with_their_times(self, database: Database):
        """A line is drawn as the rows come."""
        owner_id, lease = started_run(database)
        epochs = [3, 0, 2, 1]
        write(
            database,
            batch(lease, *(point(metric, epoch) for epoch in epochs for metric in ("loss", "accuracy"))),
        )

        found = curves(database, owner_id, lease)

        assert list(found["metric"]) == ["accuracy"] * 4 + ["loss"] * 4
        assert list(found["epoch"]) == [0, 1, 2, 3] * 2
        assert found["time"][1] - found["time"][0] == np.timedelta64(1, "s")
        assert found["time"][0] == np.datetime64("2026-03-01T12:00:00")

    def test_a_live_chart_gets_only_what_it_lacks(self, database: Database):
        """P14: the bytes of a tick do not grow with the history."""
        owner_id, lease = started_run(database)
        write(
            database,
            batch(lease, *(point(metric, epoch) for epoch in range(5) for metric in ("loss", "mae"))),
        )

        found = curves(database, owner_id, lease, metrics=["loss"], after_epoch=3)

        assert (list(found["metric"]), list(found["epoch"])) == (["loss"], [4])

    def test_layer_metrics_are_kept_apart_from_those_of_the_run(self, database: Database):
        """'norm' of a kernel is not a learning curve of the run."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, point("norm", layer="dense", tensor="kernel"), point("norm", value=2.0)))

        with database.connection() as connection:
            of_layers = layer_curves(connection, viewer_id=owner_id, run_id=lease.run_id)

        assert (list(of_layers["layer"]), list(of_layers["tensor"]), list(of_layers["value"])) == (
            ["dense"],
            ["kernel"],
            [0.5],
        )
        assert list(curves(database, owner_id, lease)["value"]) == [2.0]

    def test_the_list_shows_the_newest_value_of_each_metric(self, database: Database):
        """Whatever order the batches came in."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, point(epoch=4, value=0.1), point("mae", epoch=4, value=math.nan)))
        write(database, batch(lease, point(epoch=3, value=0.9)))

        with database.connection() as connection:
            metrics = find_run(connection, viewer_id=owner_id, run_id=lease.run_id).metrics

        assert metrics["loss"] == 0.1
        assert math.isnan(metrics["mae"])

    def test_names_that_postgresql_cannot_hold_do_not_stop_the_writer(self, database: Database):
        """One odd name would otherwise be sent again for ever, and all that comes after it with it."""
        owner_id, lease = started_run(database)

        write(database, batch(lease, point("odd\x00name"), point("half\ud800")))

        assert set(curves(database, owner_id, lease)["metric"]) == {"odd\ufffdname", "half?"}


class TestAttempts:
    def test_the_later_attempt_counts(self, database: Database):
        """A run that went on from a checkpoint reports some epochs twice."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, point(value=0.2), attempt=2))

        write(database, batch(lease, point(value=0.1), attempt=1))

        assert list(curves(database, owner_id, lease)["value"]) == [0.2]

    def test_what_the_killed_attempt_had_spooled_still_arrives(self, database: Database):
        """F1: epochs that the new attempt does not repeat exist only in the old one's spool."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, point(epoch=1), attempt=2))

        write(database, batch(lease, point(epoch=0), attempt=1))

        assert list(curves(database, owner_id, lease)["epoch"]) == [0, 1]

    def test_progress_is_that_of_the_newest_attempt(self, database: Database):
        """A late report of the old attempt must not move the bar."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, Progress(6, 60, NOON), attempt=1))
        write(database, batch(lease, Progress(4, 40, NOON), attempt=2))

        write(database, batch(lease, Progress(7, 70, NOON), attempt=1))

        with database.connection() as connection:
            assert find_run(connection, viewer_id=owner_id, run_id=lease.run_id).epochs_done == 4

    def test_batches_of_a_deleted_run_are_dropped_and_those_of_others_kept(self, database: Database):
        """A spool that outlives its run must not block the writer."""
        owner_id, lease = started_run(database)

        write(database, Batch(lease.run_no + 1000, 1, (point(),)), batch(lease, point()))

        assert len(curves(database, owner_id, lease)["epoch"]) == 1

    def test_deleting_an_experiment_deletes_what_was_measured(self, database: Database):
        """Nothing of a deleted run may stay behind."""
        _, lease = started_run(database)
        write(database, batch(lease, point(), capture(0, np.ones(3)), RunFact("k", 1)))

        with database.connection() as connection:
            connection.execute("DELETE FROM experiments")

        assert stored_rows(database, lease.run_no) == []


class TestFacts:
    @pytest.mark.parametrize(
        "value",
        [
            1e22,
            -0.0,
            "\x00",
            [math.inf, {"a": None}],
            {"$float": "nan"},
            {"$plain": 1},
            {"nan": math.nan},
            np.float32(0.5),
        ],
        ids=repr,
    )
    def test_a_fact_comes_back_as_it_was(self, database: Database, value: Any):
        """JSON knows neither NaN nor infinity; training does."""
        owner_id, lease = started_run(database)

        write(database, batch(lease, RunFact("fact", value)))

        with database.connection() as connection:
            assert repr(run_facts(connection, viewer_id=owner_id, run_id=lease.run_id)) == repr(
                {"fact": value.item() if isinstance(value, np.generic) else value}
            )

    def test_of_two_attempts_the_later_fact_counts(self, database: Database):
        """The environment shown is that of the training that made the numbers."""
        owner_id, lease = started_run(database)
        for attempt, value in ((1, "old"), (2, "new"), (1, "older")):
            write(database, batch(lease, RunFact("environment", value), attempt=attempt))

        with database.connection() as connection:
            assert run_facts(connection, viewer_id=owner_id, run_id=lease.run_id) == {"environment": "new"}


DTYPES = ("float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool")
ML_DTYPES = (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn)


class TestWeights:
    @pytest.mark.parametrize(
        "dtype", [*map(np.dtype, DTYPES), *map(np.dtype, ML_DTYPES)], ids=lambda dtype: dtype.name
    )
    def test_arrays_of_any_dtype_and_shape_come_back_bit_for_bit(self, database: Database, dtype: np.dtype):
        """Mixed precision, quantised layers, step counters and empty arrays are all found in real models."""
        owner_id, lease = started_run(database)
        shapes = [(3, 4), (), (0, 2), (7,)]
        arrays = [np.arange(math.prod(shape)).reshape(shape).astype(dtype) for shape in shapes]

        write(database, batch(lease, capture(0, *arrays), capture(2, *arrays)))

        with database.connection() as connection:
            for tensor, array in zip(["kernel", "bias", "tensor_2", "tensor_3"], arrays, strict=True):
                epochs, values = layer_weights(
                    connection, viewer_id=owner_id, run_id=lease.run_id, layer="dense", tensor=tensor
                )
                assert list(epochs) == [0, 2]
                assert values.dtype == dtype
                assert values.shape == (2, *array.shape)
                assert values[1].tobytes() == array.tobytes()

    @pytest.mark.parametrize(
        "view", [lambda a: a.T, lambda a: a[::2], lambda a: a.astype(">f4"), np.asfortranarray]
    )
    def test_an_array_that_lies_oddly_in_memory_comes_back_equal(self, database: Database, view: Any):
        """Transposed, strided, big-endian: what is stored is what it means."""
        owner_id, lease = started_run(database)
        array = view(np.arange(12, dtype="<f4").reshape(4, 3))

        write(database, batch(lease, capture(0, array)))

        with database.connection() as connection:
            _, values = layer_weights(
                connection, viewer_id=owner_id, run_id=lease.run_id, layer="dense", tensor="kernel"
            )
        np.testing.assert_array_equal(values[0], array)

    def test_an_array_too_big_for_a_field_is_kept_in_parts(self, database: Database):
        """PostgreSQL holds 1 GB in a field; an embedding can be larger."""
        owner_id, lease = started_run(database)
        array = np.arange(1000, dtype="f4").reshape(10, 100)

        with database.connection() as connection:
            write_weights(connection, [batch(lease, capture(0, array))], part_bytes=256)

        with database.connection() as connection:
            _, values = layer_weights(
                connection, viewer_id=owner_id, run_id=lease.run_id, layer="dense", tensor="kernel"
            )
            (listed,) = weight_arrays(connection, viewer_id=owner_id, run_id=lease.run_id)
        np.testing.assert_array_equal(values[0], array)
        assert (listed["shape"], listed["epochs"]) == ([10, 100], [0])


points = st.builds(
    point,
    st.sampled_from(["loss", "accuracy"]),
    st.integers(0, 3),
    st.floats(allow_nan=True, allow_infinity=True),
)


class TestDelivery:
    """F14: the network may double, delay and swap what is sent; the table may not show it."""

    @SAME_DATABASE
    @given(data=st.data())
    def test_resending_and_reordering_batches_changes_nothing(self, database: Database, data: st.DataObject):
        """Every way of delivering the same batches ends in the same tables."""
        straight, twisted = self.two_runs(database)
        sent = data.draw(st.lists(self.some_records(), min_size=1, max_size=4))
        order = data.draw(
            st.permutations(
                [*range(len(sent)), *data.draw(st.lists(st.sampled_from(range(len(sent))), max_size=4))]
            )
        )
        groups = data.draw(st.integers(1, len(order)))

        for records in sent:
            write(database, batch(straight, *records[1], attempt=records[0]))
        for start in range(0, len(order), groups):
            chosen = [sent[place] for place in order[start : start + groups]]
            write(database, *(batch(twisted, *records, attempt=attempt) for attempt, records in chosen))

        assert stored_rows(database, twisted.run_no) == stored_rows(database, straight.run_no)

    @SAME_DATABASE
    @given(sent=st.lists(st.tuples(st.integers(1, 3), points), max_size=12))
    def test_the_table_equals_a_dictionary_in_which_the_later_attempt_wins(
        self, database: Database, sent: list[tuple[int, MetricPoint]]
    ):
        """The model of the table is this simple."""
        owner_id, lease = started_run(database)
        model: dict[tuple[str, int], tuple[int, bytes]] = {}
        for attempt, one in sent:
            key = (one.metric, one.epoch)
            if attempt > model.get(key, (0, b""))[0]:
                model[key] = attempt, struct.pack("<d", one.value)

        for attempt, one in sent:
            write(database, batch(lease, one, attempt=attempt))

        found = curves(database, owner_id, lease)
        stored = {
            (metric, int(epoch)): value.tobytes()
            for metric, epoch, value in zip(found["metric"], found["epoch"], found["value"], strict=True)
        }
        assert stored == {key: bits for key, (_, bits) in model.items()}

    @staticmethod
    def two_runs(database: Database) -> tuple[Lease, Lease]:
        submit(database, [example_spec()])
        submit(database, [example_spec()])
        leases = claim(database), claim(database)
        assert leases[0] is not None
        assert leases[1] is not None
        return leases[0], leases[1]

    @staticmethod
    @st.composite
    def some_records(draw: st.DrawFn) -> tuple[int, list[Any]]:
        """Records of one attempt; an attempt always says the same of one place: training is deterministic."""
        attempt = draw(st.integers(1, 3))
        epochs = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
        records: list[Any] = []
        for epoch in epochs:
            value = [math.nan, math.inf, 0.1 * epoch][attempt - 1]
            records += [
                point(epoch=epoch, value=value),
                capture(epoch, np.full(3, attempt)),
                Progress(epoch, epoch, NOON),
            ]
        return attempt, records
