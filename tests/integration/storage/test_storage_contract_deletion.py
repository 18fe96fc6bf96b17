"""Deleting runs, as every backend must keep it."""

from __future__ import annotations

import pytest

from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.errors import ConflictError
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import note_files_removed
from nntracker_ray.storage.queries import (
    list_commands,
)
from nntracker_ray.storage.writes import (
    heartbeat,
)
from tests.integration.storage import examples_of_records as examples
from tests.integration.storage.command_examples import (
    TABLES_OF_RUNS,
    count,
    fill,
    left_of,
    order,
    outcome,
    say,
    state_of,
)
from tests.integration.storage.examples_of_records import claim, specs, started_run, submit


class TestDeleting:
    def test_removes_everything_of_a_run_and_nothing_of_others(self, database: Database):
        """A deleted run leaves no rows behind; its neighbour keeps every one."""
        gone, kept = examples.specs(2)
        owner_id = submit(database, [gone, kept])
        leases = [claim(database), claim(database)]
        for lease in leases:
            fill(database, lease)
            say(database, lease, RunState.FINISHED)

        row = order(database, owner_id, Verb.DELETE, gone.run_id)

        assert row.is_settled
        for table in TABLES_OF_RUNS:
            assert left_of(database, table, leases[0].run_no) == 0, table
            assert left_of(database, table, leases[1].run_no) > 0, table
        with database.connection() as connection:
            (past,) = list_commands(connection, actor_id=owner_id, run_id=gone.run_id)
        assert past == row

    def test_the_experiment_goes_with_its_last_run(self, database: Database):
        """An empty experiment is nothing that anybody made."""
        owner_id = submit(database, runs := specs(2))

        order(database, owner_id, Verb.DELETE, runs[0].run_id)
        assert count(database, "experiments") == 1
        order(database, owner_id, Verb.DELETE, runs[1].run_id)

        assert count(database, "experiments") == 0

    def test_of_a_run_at_work_waits_for_its_trainer(self, database: Database):
        """Rows that a trainer is still writing would come back."""
        for last_word in (RunState.STOPPED, RunState.FINISHED, RunState.FAILED, RunState.QUEUED):
            owner_id, lease = started_run(database)
            row = order(database, owner_id, Verb.DELETE, lease.run_id)
            assert not row.is_settled
            assert state_of(database, owner_id, lease.run_id) is RunState.STOPPING

            say(database, lease, last_word)

            assert outcome(database, owner_id, row) == (Outcome.DONE, "")
            assert count(database, "runs") == count(database, "experiments") == 0
            with database.connection() as connection:
                assert heartbeat(connection, run_no=lease.run_no, attempt=1) is None

    def test_twice_is_harmless(self, database: Database):
        """Two pages, two clicks."""
        owner_id, lease = started_run(database)
        rows = [order(database, owner_id, Verb.DELETE, lease.run_id) for _ in range(2)]

        say(database, lease, RunState.STOPPED)

        assert [outcome(database, owner_id, row)[0] for row in rows] == [Outcome.DONE, Outcome.DONE]
        assert count(database, "deleted_runs") == 1

    def test_a_run_submitted_again_may_be_deleted_again(self, database: Database):
        """Ids are made from content: the same experiment later has the same ones."""
        runs = specs(1)
        for _ in range(2):
            owner_id = submit(database, runs)
            order(database, owner_id, Verb.DELETE, runs[0].run_id)
            with database.connection() as connection:
                note_files_removed(connection, [runs[0].run_id])

        assert count(database, "runs") == 0
        assert count(database, "deleted_runs") == 1

    def test_a_run_does_not_come_back_while_its_old_files_are_there(self, database: Database):
        """It would go on from the old checkpoint, and lack the epochs that were deleted."""
        owner_id = submit(database, runs := specs(1))
        order(database, owner_id, Verb.DELETE, runs[0].run_id)

        with pytest.raises(ConflictError, match="its files are still being removed"):
            submit(database, runs)

        assert count(database, "experiments") == 0

    def test_a_parent_and_its_children_go_in_one_call(self, database: Database):
        """The order in which somebody marks them must not matter."""
        owner_id = submit(database, runs := specs(1))
        (first,) = order(database, owner_id, Verb.RERUN, runs[0].run_id).targets
        order(database, owner_id, Verb.RERUN, first.new_run_id)

        order(database, owner_id, Verb.DELETE, selection=Selection(experiment_id=runs[0].experiment_id))

        assert count(database, "runs") == count(database, "experiments") == 0
