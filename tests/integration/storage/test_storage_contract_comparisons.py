"""What comparisons read, as every backend must answer it: any age, inherited history, and nothing of other people."""

from __future__ import annotations

from uuid import UUID, uuid4

import numpy as np
import pytest

from nntracker_ray.accounts.roles import Role
from nntracker_ray.commands import Selection
from nntracker_ray.comparing import aggregate, difference_of
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunState
from nntracker_ray.storage import account_writes, comparison_queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import change_state, write_batches
from tests.integration.storage.examples_of_records import batch, capture, claim, point, specs, submit
from tests.integration.storage.test_storage_contract_lineage import (
    claimed,
    fork,
    kept,
    parent_with_epochs,
    record_epochs,
)


def stranger(database: Database) -> UUID:
    with database.connection() as conn:
        return account_writes.add_account(
            conn, name="eve", role=Role.USER, password_hash=None, full_name="Eve"
        )


def curves(database: Database, viewer_id: UUID, run_ids: list[UUID], metric: str = "loss", **more: int):
    with database.connection() as conn:
        return comparison_queries.comparison_curves(
            conn, viewer_id=viewer_id, run_ids=run_ids, metric=metric, **more
        )


def test_runs_of_every_age_and_length_come_as_far_as_they_are(database: Database):
    """Finished, failed, at work and waiting: what has been measured counts."""
    runs = specs(4, tags=("nightly",))
    owner_id = submit(database, runs)
    for length, state in ((3, RunState.FAILED), (2, RunState.RUNNING), (1, None)):
        lease = claim(database)
        assert lease is not None
        points = [point("loss", epoch, value=float(epoch)) for epoch in range(length)]
        with database.connection() as conn:
            write_batches(conn, [batch(lease, *points)])
            if state is not None:
                change_state(conn, run_id=lease.run_id, state=RunState.RUNNING, by="t", attempt=lease.attempt)
            if state is RunState.FAILED:
                change_state(conn, run_id=lease.run_id, state=state, by="t", attempt=lease.attempt, error="x")

    with database.connection() as conn:
        rows = comparison_queries.runs_to_compare(
            conn, viewer_id=owner_id, selection=Selection(tag="nightly")
        )
    found = curves(database, owner_id, [row.run_id for row in rows])

    assert len(rows) == 4
    assert sorted(len(curve.epochs) for curve in found.values()) == [1, 2, 3]
    assert aggregate([*found.values()]).count.tolist() == [3, 2, 1]


def test_a_fork_is_compared_with_what_it_inherited(database: Database):
    """Its beginning is its parent's, and its own epochs follow without a seam."""
    owner_id, parent = parent_with_epochs(database, 4)
    child_id = fork(database, owner_id, parent.run_id, checkpoint="epoch-0001", changes={"total_epochs": 8})
    child = claimed(database, child_id)
    record_epochs(database, child, range(2, 4), kept("last", 4))

    found = curves(database, owner_id, [child_id, parent.run_id])

    of_parent, of_child = 100.0 * parent.run_no, 100.0 * child.run_no
    assert found[child_id].values.tolist() == [of_parent, of_parent + 1, of_child + 2, of_child + 3]
    assert found[child_id].inherited_epochs == 2
    assert found[parent.run_id].values.tolist() == [of_parent + epoch for epoch in range(4)]
    difference = difference_of([found[child_id]], [found[parent.run_id]])
    assert difference.values[:2].tolist() == [0.0, 0.0]


def test_only_later_epochs_are_sent_when_asked(database: Database):
    """A page that follows a training is sent what is new."""
    owner_id, parent = parent_with_epochs(database, 4)

    assert curves(database, owner_id, [parent.run_id], after_epoch=1)[parent.run_id].epochs.tolist() == [2, 3]


def test_several_values_in_an_epoch_come_in_their_order(database: Database):
    """Which of them is the last decides what the epoch is compared by."""
    owner_id = submit(database, runs := specs(1))
    lease = claim(database)
    assert lease is not None
    steps = [
        point("loss", 0, value=3.0, step=30),
        point("loss", 0, value=1.0, step=10),
        point("loss", 1, value=4.0),
    ]
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *steps)])

    found = curves(database, owner_id, [runs[0].run_id])[runs[0].run_id]

    assert found.values.tolist() == [1.0, 3.0, 4.0]
    assert found.by_epoch().values.tolist() == [3.0, 4.0]


def test_nothing_of_other_people_counts(database: Database):
    """A mean over runs that one may not see would tell about them."""
    _, parent = parent_with_epochs(database, 2, tags=("nightly",))
    eve = stranger(database)

    with database.connection() as conn:
        wanted = Selection(tag="nightly")
        assert comparison_queries.runs_to_compare(conn, viewer_id=eve, selection=wanted) == ()
        with pytest.raises(NotFoundError):
            comparison_queries.common_arrays(conn, viewer_id=eve, run_id=parent.run_id, minus=parent.run_id)
    assert curves(database, eve, [parent.run_id]) == {}


def test_layer_metrics_are_not_mixed_in(database: Database):
    """ "norm" of a layer is not a metric of the run."""
    owner_id, parent = parent_with_epochs(database, 2)

    assert curves(database, owner_id, [parent.run_id], "norm") == {}


def test_parameters_hold_batch_size_and_the_last_value(database: Database):
    """What a run was given beside what came of it."""
    owner_id, parent = parent_with_epochs(database, 2, batch_size=64)

    with database.connection() as conn:
        rows = comparison_queries.runs_to_compare(
            conn, viewer_id=owner_id, selection=Selection(run_ids=(parent.run_id,))
        )
        (found,) = comparison_queries.run_parameters(conn, viewer_id=owner_id, rows=rows, metric="loss")

    assert (found.batch_size, found.result) == (64, 100.0 * parent.run_no + 1)


class TestWeights:
    def test_are_subtracted_at_common_captures(self, database: Database):
        """Two runs that captured at different periods meet at some epochs."""
        runs = specs(2)
        owner_id = submit(database, runs)
        for value, epochs in ((1.0, (0, 2, 4)), (0.25, (0, 1, 4))):
            lease = claim(database)
            assert lease is not None
            records = [capture(epoch, np.full((2, 2), value + epoch, np.float32)) for epoch in epochs]
            with database.connection() as conn:
                write_batches(conn, [batch(lease, *records)])

        names = {"viewer_id": owner_id, "run_id": runs[0].run_id, "minus": runs[1].run_id}
        with database.connection() as conn:
            arrays = comparison_queries.common_arrays(conn, **names)
            found, common = comparison_queries.weight_difference(
                conn, **names, layer="dense", tensor="kernel"
            )

        assert arrays == [("dense", "kernel")]
        assert (found.epochs.tolist(), common) == ([0, 4], 2)
        assert found.norm.tolist() == [1.5, 1.5]

    def test_without_a_common_epoch_are_not_there(self, database: Database):
        """An answer with nothing in it would look like no difference."""
        owner_id, parent = parent_with_epochs(database, 2)
        with database.connection() as conn, pytest.raises(NotFoundError):
            comparison_queries.weight_difference(
                conn, viewer_id=owner_id, run_id=parent.run_id, minus=uuid4(), layer="dense", tensor="kernel"
            )


def test_more_than_memory_holds_is_refused_with_what_to_do(database: Database, monkeypatch):
    """A server that many use must not be brought down by one tag."""
    owner_id, _parent = parent_with_epochs(database, 3, tags=("wide",))
    monkeypatch.setattr(comparison_queries, "MOST_POINTS", 2)

    with database.connection() as conn, pytest.raises(BadInputError, match="Narrow it down"):
        comparison_queries.runs_to_compare(conn, viewer_id=owner_id, selection=Selection(tag="wide"))
