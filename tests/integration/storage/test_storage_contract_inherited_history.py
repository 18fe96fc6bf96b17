"""What forks inherit, and what of it outlives a parent, as every backend must keep it."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from nntracker_ray.records import Adaptation, RunFact
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.lineage_writes import keep_history_of_children
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    started_run,
)
from tests.integration.storage.lineage_examples import (
    captured,
    claimed,
    fork,
    kept,
    losses,
    parent_with_epochs,
    record_epochs,
    row_of,
)


class TestInheritedHistory:
    def test_the_curves_of_a_fork_begin_with_its_parents(self, database: Database):
        """Up to the checkpoint and no further, whatever the parent does later."""
        owner_id, parent = parent_with_epochs(database, 4)
        run_id = fork(database, owner_id, parent.run_id, checkpoint="epoch-0001")
        lease = claimed(database, run_id)
        record_epochs(database, lease, range(2, 4))

        own, old = 100.0 * lease.run_no, 100.0 * parent.run_no
        assert losses(database, owner_id, run_id) == [
            (0, old, True), (1, old + 1, True), (2, own + 2, False), (3, own + 3, False),
        ]  # fmt: skip
        assert captured(database, owner_id, run_id) == [
            (0, old), (1, old + 1), (2, own + 2), (3, own + 3),
        ]  # fmt: skip
        assert [inherited for *_, inherited in losses(database, owner_id, parent.run_id)] == [False] * 4

    def test_layers_and_lists_of_arrays_inherit_as_well(self, database: Database):
        """Every question about a fork sees one history."""
        owner_id, parent = parent_with_epochs(database, 3)
        run_id = fork(database, owner_id, parent.run_id, checkpoint=1)
        record_epochs(database, claimed(database, run_id), range(2, 5))
        names = {"viewer_id": owner_id, "run_id": run_id}

        with database.connection() as conn:
            layers = queries.layer_curves(conn, **names)
            (array,) = queries.weight_arrays(conn, **names)
            reduced = queries.reduced_weights(conn, **names, layer="dense", tensor="kernel", max_points=100)

        assert layers["epoch"].tolist() == [0, 1, 2, 3, 4]
        assert layers["inherited"].tolist() == [True, True, False, False, False]
        assert array["epochs"] == [0, 1, 2, 3, 4]
        assert sorted(set(reduced["epoch"].tolist())) == [0, 1, 2, 3, 4]

    def test_a_fork_of_a_fork_has_the_history_of_both(self, database: Database):
        """Each ancestor up to where its child left it."""
        owner_id, first = parent_with_epochs(database, 3)
        second_id = fork(database, owner_id, first.run_id, checkpoint=0)
        second = claimed(database, second_id)
        record_epochs(database, second, range(1, 4), kept("last", 4), kept("epoch-0001", 2))
        third_id = fork(database, owner_id, second_id, checkpoint="epoch-0001")
        third = claimed(database, third_id)
        record_epochs(database, third, range(2, 3))

        assert losses(database, owner_id, third_id) == [
            (0, 100.0 * first.run_no, True),
            (1, 100.0 * second.run_no + 1, True),
            (2, 100.0 * third.run_no + 2, False),
        ]
        assert [epoch for epoch, _ in captured(database, owner_id, third_id)] == [0, 1, 2]

    def test_a_fork_within_an_epoch_inherits_the_complete_ones(self, database: Database):
        """The epoch it goes on with is its own; the capture of the parent's stop in it is not."""
        owner_id, parent = started_run(database)
        record_epochs(database, parent, range(2), kept("pause-25", 2, batches=5))
        with database.connection() as conn:
            write_batches(conn, [batch(parent, capture(2, np.zeros(4), step=25))])

        run_id = fork(database, owner_id, parent.run_id, checkpoint="pause-25")
        lease = claimed(database, run_id)
        record_epochs(database, lease, range(2, 3))

        assert [epoch for epoch, *_ in losses(database, owner_id, run_id)] == [0, 1, 2]
        assert captured(database, owner_id, run_id)[-1] == (2, 100.0 * lease.run_no + 2)

    def test_several_runs_at_once_each_have_their_own_history(self, database: Database):
        """A page draws parent and fork into one chart."""
        owner_id, parent = parent_with_epochs(database, 2)
        run_id = fork(database, owner_id, parent.run_id, checkpoint=0)

        with database.connection() as conn:
            found = queries.learning_curves(conn, viewer_id=owner_id, run_ids=[parent.run_id, run_id])

        assert found["run_id"].tolist() == [parent.run_id, parent.run_id, run_id]
        assert found["inherited"].tolist() == [False, False, True]

    def test_a_run_says_whose_child_it_is(self, database: Database):
        """Pages link a fork to its parent."""
        owner_id, parent = parent_with_epochs(database, 2)

        row = row_of(database, owner_id, fork(database, owner_id, parent.run_id))

        assert (row.parent_id, row.origin, row.inherited_epochs) == (parent.run_id, "fork", 2)
        parents_own = row_of(database, owner_id, parent.run_id)
        assert (parents_own.parent_id, parents_own.origin, parents_own.inherited_epochs) == (None, None, 0)


class TestWhatOutlivesAParent:
    def family(self, database: Database, *, within: bool = False) -> tuple[UUID, list[UUID]]:
        """Grandparent, parent and child; the child has two epochs of the one, two of the other, and one of its own.

        Args:
            within: The grandparent stopped in the epoch after these two, with a capture; the parent made it whole.
        """
        owner_id, first = parent_with_epochs(database, 2 if within else 3)
        if within:
            stop = RunFact("checkpoints", [kept("last", 2, batches=5)])
            with database.connection() as conn:
                write_batches(conn, [batch(first, capture(2, np.zeros(4), step=25), stop)])
        second_id = fork(database, owner_id, first.run_id, checkpoint="last" if within else 1)
        record_epochs(database, claimed(database, second_id), range(2, 5), kept("epoch-0003", 4))
        third_id = fork(database, owner_id, second_id, checkpoint="epoch-0003")
        record_epochs(database, claimed(database, third_id), range(4, 5))
        return owner_id, [first.run_id, second_id, third_id]

    def delete(self, database: Database, run_id: UUID) -> None:
        with database.connection() as conn:
            (run_no,) = conn.execute("SELECT run_no FROM runs WHERE run_id = %s", [run_id]).fetchone()
            keep_history_of_children(conn, run_no)
            conn.execute("DELETE FROM runs WHERE run_no = %s", [run_no])

    @pytest.mark.parametrize("order", [(1,), (0,), (1, 0), (0, 1)])
    @pytest.mark.parametrize("within", [False, True])
    def test_a_fork_looks_the_same_when_its_ancestors_are_gone(
        self, database: Database, order: tuple[int, ...], within: bool
    ):
        """Deleting a run takes nothing from the runs that went on from it, in whatever order."""
        owner_id, runs = self.family(database, within=within)
        before = losses(database, owner_id, runs[2]), captured(database, owner_id, runs[2])

        for place in order:
            self.delete(database, runs[place])

        assert (losses(database, owner_id, runs[2]), captured(database, owner_id, runs[2])) == before
        assert len(before[0]) == len(before[1]) == 5

    def test_inherited_adaptations_stay_as_well(self, database: Database):
        """Up to the checkpoint: a change at its very step is the fork's own to make."""
        owner_id, parent = parent_with_epochs(database, 3)
        steps = (0, 10, 20, 30)
        changes = [
            Adaptation("learning_rate", n, step, 1.0, 0.5, "step", NOON) for n, step in enumerate(steps)
        ]
        with database.connection() as conn:
            write_batches(conn, [batch(parent, *changes)])
        run_id = fork(database, owner_id, parent.run_id, checkpoint="epoch-0001")

        before = self.adapted(database, owner_id, run_id)
        self.delete(database, parent.run_id)

        assert self.adapted(database, owner_id, run_id) == before == [0, 10]

    def adapted(self, database: Database, owner_id: UUID, run_id: UUID) -> list[int]:
        with database.connection() as conn:
            return list(queries.adaptations(conn, viewer_id=owner_id, run_id=run_id)["step"])

    def test_the_grandparent_becomes_the_parent(self, database: Database):
        """The line is not broken by one that is gone."""
        owner_id, runs = self.family(database)

        self.delete(database, runs[1])

        row = row_of(database, owner_id, runs[2])
        assert (row.parent_id, row.inherited_epochs) == (runs[0], 4)

    def test_the_id_of_a_deleted_fork_does_not_come_back(self, database: Database):
        """Its files may still lie somewhere."""
        owner_id, parent = parent_with_epochs(database, 1)
        gone = fork(database, owner_id, parent.run_id)
        with database.connection() as conn:
            conn.execute(
                "INSERT INTO deleted_runs (run_id, run_no, owner_id, name, by) "
                "SELECT run_id, run_no, owner_id, name, 'ada' FROM runs WHERE run_id = %s",
                [gone],
            )
            conn.execute("DELETE FROM runs WHERE run_id = %s", [gone])

        again = fork(database, owner_id, parent.run_id)

        assert again != gone
        assert row_of(database, owner_id, again).name == "FileSim fork 2"


def test_forks_of_an_older_database_keep_their_captures(database: Database):
    """Where they end is a column of its own since migration 0007; rows from before get what they showed."""
    owner_id, parent = parent_with_epochs(database, 3)
    run_id = fork(database, owner_id, parent.run_id, checkpoint=1)
    before = captured(database, owner_id, run_id)
    with database.connection() as conn:
        conn.execute("ALTER TABLE runs DROP COLUMN captures_before")
        conn.execute("DELETE FROM nntracker_migrations WHERE name = '0007_fork_captures.sql'")

    assert migrate(database) == ["0007_fork_captures.sql"]

    assert captured(database, owner_id, run_id) == before
    assert [epoch for epoch, _ in before] == [0, 1]
