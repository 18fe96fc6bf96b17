"""Forks and reruns as every backend must keep them: rows, inherited history, and what outlives a parent."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from nntracker_ray.commands import Selection, Verb
from nntracker_ray.errors import BadInputError, ConflictError, NNTrackerError, NotFoundError
from nntracker_ray.forking import Beginning
from nntracker_ray.records import Adaptation, Lease, Origin, Progress, RunFact, RunRow, RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.fork_writes import fork_run, place_fork, rerun_run
from nntracker_ray.storage.lineage_writes import keep_history_of_children
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.writes import submit_command, write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    claim,
    point,
    run_spec,
    started_run,
    submit,
)

STEPS_PER_EPOCH = 10  # as in the examples of records


def kept(name: str, epochs: int, *, batches: int = 0) -> dict[str, Any]:
    """A checkpoint as the fact "checkpoints" lists it."""
    place = {"epochs_done": epochs, "batches_done": batches, "steps_done": epochs * STEPS_PER_EPOCH + batches}
    return {"name": name, "kind": name.partition("-")[0], **place, "bytes": 1}


def record_epochs(database: Database, lease: Lease, epochs: range, *checkpoints: dict[str, Any]) -> None:
    """Train these epochs, as far as the database can tell: loss = 100 x attempt's run + epoch, a capture each."""
    values = [
        record
        for epoch in epochs
        for record in (
            point("loss", epoch, value=100.0 * lease.run_no + epoch),
            point("norm", epoch, value=float(epoch), layer="dense", tensor="kernel"),
            capture(epoch, np.full(4, 100.0 * lease.run_no + epoch)),
        )
    ]
    progress = Progress(epochs.stop, epochs.stop * STEPS_PER_EPOCH, NOON)
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *values, RunFact("checkpoints", list(checkpoints)), progress)])


def parent_with_epochs(database: Database, count: int, **given: Any) -> tuple[UUID, Lease]:
    """A run that has made so many epochs, and keeps a checkpoint of each beside the last."""
    owner_id, lease = started_run(database, **given)
    each = [kept(f"epoch-{epoch:04}", epoch + 1) for epoch in range(count)]
    record_epochs(database, lease, range(count), kept("last", count), *each)
    return owner_id, lease


def fork(database: Database, owner_id: UUID, run_id: UUID, **arguments: Any) -> UUID:
    with database.connection() as conn:
        return fork_run(conn, actor_id=owner_id, run_id=run_id, by="ada", arguments=arguments)[0]


def rerun(database: Database, owner_id: UUID, run_id: UUID) -> UUID:
    with database.connection() as conn:
        return rerun_run(conn, actor_id=owner_id, run_id=run_id, by="ada")[0]


def claimed(database: Database, run_id: UUID) -> Lease:
    """The lease of this run, which is the next one."""
    lease = claim(database)
    assert lease is not None
    assert lease.run_id == run_id
    return lease


def row_of(database: Database, owner_id: UUID, run_id: UUID) -> RunRow:
    with database.connection() as conn:
        return queries.find_run(conn, viewer_id=owner_id, run_id=run_id)


def losses(database: Database, owner_id: UUID, *run_ids: UUID) -> list[tuple[int, float, bool]]:
    """(epoch, loss, inherited) in drawing order."""
    with database.connection() as conn:
        found = queries.learning_curves(conn, viewer_id=owner_id, run_ids=run_ids, metrics=["loss"])
    return list(zip(*(found[name].tolist() for name in ("epoch", "value", "inherited")), strict=True))


def captured(database: Database, owner_id: UUID, run_id: UUID) -> list[tuple[int, float]]:
    """(epoch, first weight) of every capture."""
    names = {"viewer_id": owner_id, "run_id": run_id, "layer": "dense", "tensor": "kernel"}
    with database.connection() as conn:
        epochs, values = queries.layer_weights(conn, **names)
    return list(zip(epochs.tolist(), values[:, 0].tolist(), strict=True))


class TestForks:
    def test_a_fork_is_queued_beside_its_parent_with_the_changes(self, database: Database):
        """The same experiment, so that parent and fork are compared where they stand."""
        owner_id, parent = parent_with_epochs(database, 3)

        changes = {"learning_rate": 0.5, "total_epochs": 8}
        run_id = fork(database, owner_id, parent.run_id, checkpoint="epoch-0001", changes=changes)

        row, spec = row_of(database, owner_id, run_id), claimed(database, run_id).spec
        assert (row.state, row.name) == (RunState.QUEUED, "FileSim fork 1")
        assert (row.epochs_done, row.total_epochs) == (2, 8)
        assert row.experiment_id == parent.spec.experiment_id
        assert spec.origin == Origin(parent.run_id, "epoch-0001", parent.run_no)
        assert (spec.configuration.learning_rate, spec.seed) == (0.5, parent.spec.seed)

    def test_the_history_says_who_forked_from_what(self, database: Database):
        """A run that nobody can explain is a run that nobody trusts."""
        owner_id, parent = parent_with_epochs(database, 3)

        run_id = fork(database, owner_id, parent.run_id)

        with database.connection() as conn:
            changes = queries.state_changes(conn, viewer_id=owner_id, run_id=run_id)
        assert changes["by"] == ["ada"]
        assert changes["why"] == ["forked from 'FileSim' at checkpoint 'last', epoch 3"]

    def test_every_fork_is_another_run(self, database: Database):
        """Two people who try the same thing get two runs under two names."""
        owner_id, parent = parent_with_epochs(database, 3)

        runs = [fork(database, owner_id, parent.run_id) for _ in range(3)]

        rows = [row_of(database, owner_id, run_id) for run_id in runs]
        assert [row.name for row in rows] == ["FileSim fork 1", "FileSim fork 2", "FileSim fork 3"]

    def test_the_last_values_are_those_at_the_fork(self, database: Database):
        """A list shows where the fork begins, not where its parent has got to."""
        owner_id, parent = parent_with_epochs(database, 3)

        run_id = fork(database, owner_id, parent.run_id, checkpoint=1)
        before = row_of(database, owner_id, run_id).metrics
        record_epochs(database, claimed(database, run_id), range(2, 3))

        assert before == {"loss": 100.0 * parent.run_no + 1}
        assert row_of(database, owner_id, run_id).metrics == {"loss": 100.0 * (parent.run_no + 1) + 2}

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"checkpoint": "epoch-0007"}, NotFoundError),
            ({"checkpoint": 7}, NotFoundError),
            ({"changes": {"total_epochs": 3}}, ConflictError),
            ({"changes": {"lerning_rate": 0.1}}, BadInputError),
            ({"changs": {}}, BadInputError),
        ],
    )
    def test_what_cannot_be_forked_is_refused_and_nothing_is_made(
        self, database: Database, arguments: dict[str, Any], error: type[NNTrackerError]
    ):
        """A refusal leaves the experiment as it was."""
        owner_id, parent = parent_with_epochs(database, 3)

        with pytest.raises(error):
            fork(database, owner_id, parent.run_id, **arguments)

        with database.connection() as conn:
            assert queries.count_runs(conn, viewer_id=owner_id) == 1

    def test_a_run_of_somebody_else_is_not_found(self, database: Database):
        """T17: neither by forking nor by rerunning."""
        _, parent = parent_with_epochs(database, 1)

        for make in (fork, rerun):
            with pytest.raises(NotFoundError):
                make(database, uuid4(), parent.run_id)

    def test_a_fork_is_placed_where_its_file_says(self, database: Database):
        """A parent at work may have saved again between its report and the copy."""
        owner_id, parent = parent_with_epochs(database, 2)
        run_id = fork(database, owner_id, parent.run_id)
        record_epochs(database, parent, range(2, 3), kept("last", 3))

        with database.connection() as conn:
            place_fork(conn, run_id=run_id, beginning=Beginning("last", 3, 0, 30))

        row = row_of(database, owner_id, run_id)
        assert (row.epochs_done, row.inherited_epochs) == (3, 3)
        assert row.metrics == {"loss": 100.0 * parent.run_no + 2}
        assert len(losses(database, owner_id, run_id)) == 3

    def test_a_fork_is_placed_where_its_trainer_has_really_begun(self, database: Database):
        """Nobody could keep the checkpoint aside; its parent went on, and no epoch may be missing between them."""
        owner_id, parent = parent_with_epochs(database, 2)
        run_id = fork(database, owner_id, parent.run_id)
        record_epochs(database, parent, range(2, 3), kept("last", 3))
        lease = claimed(database, run_id)

        for _ in range(2):  # a batch that is sent again changes nothing
            with database.connection() as conn:
                write_batches(
                    conn, [batch(lease, began_at(3), point("loss", 3, value=7.0), Progress(4, 40, NOON))]
                )

        row = row_of(database, owner_id, run_id)
        assert (row.epochs_done, row.inherited_epochs) == (4, 3)
        assert row.metrics == {"loss": 7.0}
        assert [(epoch, inherited) for epoch, _, inherited in losses(database, owner_id, run_id)] == [
            (0, True), (1, True), (2, True), (3, False),
        ]  # fmt: skip

    def test_a_fork_without_its_parent_stays_where_its_copies_end(self, database: Database):
        """What the parent has measured later is gone with it."""
        owner_id, parent = parent_with_epochs(database, 2)
        run_id = fork(database, owner_id, parent.run_id)
        with database.connection() as conn:
            keep_history_of_children(conn, parent.run_no)
            conn.execute("DELETE FROM runs WHERE run_no = %s", [parent.run_no])
        before = losses(database, owner_id, run_id)

        with database.connection() as conn:
            write_batches(conn, [batch(claimed(database, run_id), began_at(3))])

        assert losses(database, owner_id, run_id) == before


def began_at(epochs: int) -> RunFact:
    """What a trainer says of a fork that begins after so many epochs."""
    return RunFact(
        "forked_from", {"epochs_done": epochs, "batches_done": 0, "steps_done": epochs * STEPS_PER_EPOCH}
    )


class TestFoldsOfForks:
    def summary(self, database: Database, owner_id: UUID, experiment_id: UUID) -> list[tuple[int, str, int]]:
        with database.connection() as conn:
            found = queries.fold_summary(conn, viewer_id=owner_id, experiment_id=experiment_id)
        return list(zip(found["configuration_index"], found["name"], found["runs"], strict=True))

    def folds(self, database: Database) -> tuple[UUID, list[Lease]]:
        experiment_id = uuid4()
        runs = [
            run_spec(experiment_id=experiment_id, name=f"FileSim ({n + 1})", fold=n, position=n)
            for n in (0, 1)
        ]
        owner_id = submit(database, runs)
        leases = [claimed(database, run.run_id) for run in runs]
        for lease in leases:
            record_epochs(database, lease, range(2), kept("last", 2))
        return owner_id, leases

    def test_forks_of_all_folds_have_a_mean_of_their_own(self, database: Database):
        """The question "does the lower rate help?" is asked of all folds at once."""
        owner_id, leases = self.folds(database)

        for lease in leases:
            fork(database, owner_id, lease.run_id, changes={"learning_rate": 0.5})

        found = self.summary(database, owner_id, leases[0].spec.experiment_id)
        assert found == [(0, "FileSim", 2), (1, "FileSim fork 1", 2)]

    def test_no_mean_has_one_fold_twice(self, database: Database):
        """Neither a rerun nor a second fork of a fold may weigh it double."""
        owner_id, leases = self.folds(database)
        for lease in [*leases, leases[0]]:
            run_id = rerun(database, owner_id, lease.run_id)
            record_epochs(database, claimed(database, run_id), range(1))

        found = self.summary(database, owner_id, leases[0].spec.experiment_id)

        assert [(index, runs) for index, _, runs in found] == [(0, 2), (1, 2), (2, 1)]

    def test_forks_with_other_changes_are_another_configuration(self, database: Database):
        """A mean over two learning rates means nothing."""
        owner_id, leases = self.folds(database)

        fork(database, owner_id, leases[0].run_id, changes={"learning_rate": 0.5})
        fork(database, owner_id, leases[1].run_id, changes={"learning_rate": 0.25})

        found = self.summary(database, owner_id, leases[0].spec.experiment_id)
        assert [(index, runs) for index, _, runs in found] == [(0, 2), (1, 1), (2, 1)]

    def test_forks_made_at_once_fill_the_same_means_as_those_made_one_by_one(self, database: Database):
        """One command reads what there is once, and knows what it has added itself."""
        owner_id, leases = self.folds(database)
        fork(database, owner_id, leases[0].run_id, changes={"learning_rate": 0.5})
        asked = {"verb": Verb.FORK, "arguments": {"changes": {"learning_rate": 0.5}}, "by": "ada"}
        both = Selection(run_ids=tuple(lease.run_id for lease in leases))

        for _ in range(2):
            with database.connection() as conn:
                submit_command(conn, actor_id=owner_id, selection=both, **asked)

        found = self.summary(database, owner_id, leases[0].spec.experiment_id)
        assert [(index, runs) for index, _, runs in found] == [(0, 2), (1, 2), (2, 2), (3, 1)]


class TestReruns:
    def test_a_rerun_begins_anew_with_the_same_specification(self, database: Database):
        """Same spec, same seed: the same result is what it is there to show."""
        owner_id, parent = parent_with_epochs(database, 3)

        run_id = rerun(database, owner_id, parent.run_id)

        row, spec = row_of(database, owner_id, run_id), claimed(database, run_id).spec
        assert (row.name, row.origin, row.parent_id) == ("FileSim rerun 1", "rerun", parent.run_id)
        assert (row.epochs_done, row.metrics, spec.origin) == (0, {}, None)
        assert (spec.seed, spec.configuration) == (parent.spec.seed, parent.spec.configuration)
        assert losses(database, owner_id, run_id) == []

    def test_a_rerun_of_a_fork_begins_where_the_fork_began(self, database: Database):
        """Its history is the fork's history: the parent up to the checkpoint."""
        owner_id, parent = parent_with_epochs(database, 3)
        forked = fork(database, owner_id, parent.run_id, checkpoint=0)
        record_epochs(database, claimed(database, forked), range(1, 4))

        run_id = rerun(database, owner_id, forked)

        spec = claimed(database, run_id).spec
        assert spec.origin == Origin(forked, "origin", row_of(database, owner_id, forked).run_no)
        assert losses(database, owner_id, run_id) == [(0, 100.0 * parent.run_no, True)]


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
