"""Commands for runs that nobody heard of, and commands that meet: as every backend must keep them."""

from __future__ import annotations

import pytest

from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb
from nntracker_ray.errors import ConflictError
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, WITHOUT_TRAINER
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import (
    list_runs,
    select_runs,
    state_changes,
)
from tests.integration.storage.command_examples import (
    TABLES_OF_RUNS,
    at_once,
    count,
    fill,
    left_of,
    order,
    outcome,
    put,
    say,
    state_of,
)
from tests.integration.storage.examples_of_records import claim, specs, started_run, submit


class TestSilence:
    """Nobody may be left to write that a run has no trainer: the whole machine may be off."""

    def test_a_run_at_work_that_nobody_heard_of_is_never_shown_as_such(self, database: Database):
        """A state is shown only when it is true."""
        owner_id = submit(database, runs := specs(1))
        for state in AT_WORK:
            put(database, runs[0].run_id, state, silent_for_s=55)
            assert state_of(database, owner_id, runs[0].run_id) is state

            put(database, runs[0].run_id, state, silent_for_s=61)

            shown = WITHOUT_TRAINER[state]
            assert state_of(database, owner_id, runs[0].run_id) is shown
            with database.connection() as connection:
                selection = Selection(experiment_id=runs[0].experiment_id, states=(shown,))
                assert len(select_runs(connection, viewer_id=owner_id, selection=selection)) == 1

    def test_a_command_acts_on_what_such_a_run_has_become(self, database: Database):
        """Pausing, stopping and deleting work also while the platform is down."""
        owner_id = submit(database, runs := specs(3))
        for spec in runs:
            put(database, spec.run_id, RunState.RUNNING, silent_for_s=3600)

        rows = [
            order(database, owner_id, verb, spec.run_id)
            for verb, spec in zip((Verb.PAUSE, Verb.STOP, Verb.DELETE), runs, strict=True)
        ]

        assert [row.targets[0].outcome for row in rows] == [Outcome.DONE] * 3
        with database.connection() as connection:
            left = [run.state for run in list_runs(connection, viewer_id=owner_id)]
            history = state_changes(connection, viewer_id=owner_id, run_id=runs[0].run_id)
        assert left == [RunState.PAUSED, RunState.STOPPED]
        assert history["state"][-2:] == ["queued", "paused"]
        assert (history["by"][-2], history["why"][-2]) == ("run-manager", "its trainer was silent for 60 s")

    @pytest.mark.parametrize(
        ("verb", "expected"),
        [
            (Verb.DELETE, (Outcome.DONE, "")),
            (Verb.STOP, (Outcome.REFUSED, "it was to be deleted, and is gone now")),
            (Verb.RERUN, (Outcome.REFUSED, "it was to be deleted, and is gone now")),
        ],
    )
    def test_a_deletion_that_waited_for_such_a_run_is_carried_out_by_the_next_command(
        self, database: Database, verb: Verb, expected: tuple[Outcome, str]
    ):
        """The power went before the trainer left: who deletes once more is not told that there is no such run."""
        owner_id, lease = started_run(database)
        first = order(database, owner_id, Verb.DELETE, lease.run_id)
        put(database, lease.run_id, RunState.STOPPING, silent_for_s=61)

        row = order(database, owner_id, verb, lease.run_id)

        assert outcome(database, owner_id, row) == expected
        assert outcome(database, owner_id, first) == (Outcome.DONE, "")
        assert (count(database, "runs"), count(database, "deleted_runs")) == (0, 1)


class TestAtOnce:
    def test_pause_and_stop_from_two_connections_end_in_one_of_the_possible_ways(self, database: Database):
        """Two people, two doors, one moment."""
        owner_id, lease = started_run(database)

        rows = at_once(
            lambda: order(database, owner_id, Verb.PAUSE, lease.run_id),
            lambda: order(database, owner_id, Verb.STOP, lease.run_id),
        )
        say(database, lease, RunState.STOPPED)

        ends = [outcome(database, owner_id, row) for row in rows]
        assert ends[1] == (Outcome.DONE, "")
        # It came first and was outranked, or it came second and was refused.
        assert ends[0] in [
            (Outcome.REFUSED, "it was stopped before it paused"),
            (Outcome.REFUSED, "it is stopping"),
        ]

    def test_a_claim_and_a_pause_at_once_never_both_win(self, database: Database):
        """A paused run has no trainer, a run that has one is not paused."""
        owner_id = submit(database, runs := specs(8))

        results = at_once(
            *[lambda: claim(database) for _ in range(4)],
            *[lambda spec=spec: order(database, owner_id, Verb.PAUSE, spec.run_id) for spec in runs],
        )

        claimed = {lease.run_id for lease in results[:4] if lease}
        assert len(claimed) == len([lease for lease in results[:4] if lease])
        for spec in runs:
            state = state_of(database, owner_id, spec.run_id)
            assert state is (RunState.PAUSING if spec.run_id in claimed else RunState.PAUSED)

    def test_deleting_while_measurements_are_written_waits_for_them(self, database: Database):
        """A writer that delivers what a dead trainer left must neither fail nor bring rows back."""
        owner_id, lease = started_run(database)
        say(database, lease, RunState.FAILED, error="boom")

        results = at_once(
            *[lambda: fill(database, lease) for _ in range(3)],
            lambda: order(database, owner_id, Verb.DELETE, lease.run_id),
        )

        assert [error for error in results if isinstance(error, Exception)] == []
        assert [left_of(database, table, lease.run_no) for table in TABLES_OF_RUNS] == [0] * len(
            TABLES_OF_RUNS
        )

    def test_a_deletion_and_the_same_experiment_submitted_again_leave_all_or_nothing_of_it(
        self, database: Database
    ):
        """An experiment without its runs, or runs silently not there, would be a lie."""
        runs = specs(3)
        owner_id = submit(database, runs)
        experiment = Selection(experiment_id=runs[0].experiment_id)

        results = at_once(
            lambda: order(database, owner_id, Verb.DELETE, selection=experiment),
            lambda: submit(database, runs),
        )

        # Submitted after the deletion it is told to wait for the files.
        assert isinstance(results[0], CommandRow)
        assert not isinstance(results[1], Exception) or isinstance(results[1], ConflictError)
        assert (count(database, "experiments"), count(database, "runs")) == (0, 0)
