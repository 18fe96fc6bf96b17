"""Forks and reruns as every backend must keep them: rows and configurations."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from nntracker_ray.commands import Selection, Verb
from nntracker_ray.errors import BadInputError, ConflictError, NNTrackerError, NotFoundError
from nntracker_ray.forking import Beginning
from nntracker_ray.records import Lease, Origin, Progress, RunFact, RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.fork_writes import place_fork
from nntracker_ray.storage.lineage_writes import keep_history_of_children
from nntracker_ray.storage.writes import submit_command, write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    point,
    run_spec,
    submit,
)
from tests.integration.storage.lineage_examples import (
    STEPS_PER_EPOCH,
    claimed,
    fork,
    kept,
    losses,
    parent_with_epochs,
    record_epochs,
    rerun,
    row_of,
)


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
