"""The queue and the states of runs, as every backend must keep them."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import numpy as np
import pytest

from nntracker_ray.errors import ConflictError, NotFoundError, StaleAttemptError
from nntracker_ray.records import Resources, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import (
    count_runs,
    find_run,
    fold_membership,
    list_runs,
    run_spec,
    state_changes,
)
from nntracker_ray.storage.writes import (
    change_state,
    claim_next_run,
    heartbeat,
    requeue_orphans,
)
from tests.integration.storage import examples_of_records as examples
from tests.integration.storage.examples_of_records import claim, specs, started_run, submit


def set_state(database: Database, run_id: UUID, state: RunState, **given) -> None:
    with database.connection() as connection:
        change_state(connection, **{"run_id": run_id, "state": state, "by": "trainer", **given})


def state_of(database: Database, owner_id: UUID, run_id: UUID) -> RunState:
    with database.connection() as connection:
        return find_run(connection, viewer_id=owner_id, run_id=run_id).state


class TestSubmitting:
    def test_a_spec_comes_back_as_it_was_sent(self, database: Database):
        """(spec, seed) determines the training: a changed digit would be another training."""
        spec = examples.run_spec(fold=1, tags=("a", "b"), seed=2**62)
        owner_id = submit(database, [spec])

        with database.connection() as connection:
            assert run_spec(connection, viewer_id=owner_id, run_id=spec.run_id) == spec

    def test_submitting_again_adds_nothing(self, database: Database):
        """A person who presses twice, or a client that did not hear the answer, gets one experiment."""
        runs = specs(3)
        submit(database, runs)

        owner_id = submit(database, runs)

        with database.connection() as connection:
            assert count_runs(connection, viewer_id=owner_id) == 3
            history = state_changes(connection, viewer_id=owner_id, run_id=runs[0].run_id)
        assert history["state"] == ["queued"]

    def test_submitting_again_queues_the_failed_runs_and_keeps_their_errors(self, database: Database):
        """After the cause was removed, the grid goes on where it broke; the error is never erased."""
        owner_id, lease = started_run(database)
        set_state(database, lease.run_id, RunState.FAILED, attempt=1, error="ValueError: nan")

        submit(database, [lease.spec])

        assert state_of(database, owner_id, lease.run_id) is RunState.QUEUED
        with database.connection() as connection:
            history = state_changes(connection, viewer_id=owner_id, run_id=lease.run_id)
        assert history["state"] == ["queued", "starting", "failed", "queued"]
        assert history["error"][2] == "ValueError: nan"

    def test_folds_come_back_as_row_numbers(self, database: Database):
        """Which rows were held out must be shown exactly."""
        runs = specs(1)
        train, held_out = np.array([0, 2, 4]), np.array([1, 3])
        owner_id = submit(database, runs, folds={0: (train, held_out), 1: (held_out, train)})

        with database.connection() as connection:
            found = fold_membership(
                connection, viewer_id=owner_id, experiment_id=runs[0].experiment_id, fold=1
            )

        np.testing.assert_array_equal(found[0], held_out)
        np.testing.assert_array_equal(found[1], train)

    def test_runs_are_listed_newest_experiment_first_then_in_grid_order(self, database: Database):
        """The list is the table of contents of somebody's work."""
        first, second = specs(2), specs(2)
        submit(database, first)
        owner_id = submit(database, list(reversed(second)))

        with database.connection() as connection:
            listed = list_runs(connection, viewer_id=owner_id)
            page = list_runs(connection, viewer_id=owner_id, limit=2, offset=1)

        assert [row.run_id for row in listed] == [spec.run_id for spec in second + first]
        assert page == listed[1:3]
        assert listed[0].tags == ("baseline",)


class TestClaiming:
    def test_runs_start_oldest_experiment_first_in_grid_order(self, database: Database):
        """Nobody is overtaken by who came later."""
        first, second = specs(2), specs(1)
        submit(database, list(reversed(first)))
        submit(database, second)

        claimed = [claim(database) for _ in range(4)]

        assert [lease and lease.run_id for lease in claimed] == [
            *(spec.run_id for spec in first + second),
            None,
        ]

    def test_a_run_that_does_not_fit_is_passed_over(self, database: Database):
        """A run that wants two GPUs must not hold up those that want none."""
        big = examples.run_spec(resources=Resources(cpu=1, gpu=2))
        small = examples.run_spec(experiment_id=big.experiment_id, position=1)
        submit(database, [big, small])

        lease = claim(database, free_cpu=1.0, free_gpu=1.0)

        assert lease is not None
        assert lease.run_id == small.run_id
        assert claim(database, free_cpu=0.5) is None

    def test_an_experiment_never_has_more_runs_at_work_than_it_allows(self, database: Database):
        """max_concurrent leaves room for others."""
        runs = specs(3)
        owner_id = submit(database, runs, config={"max_concurrent": 1})

        first, second = claim(database), claim(database)
        set_state(database, runs[0].run_id, RunState.FINISHED, attempt=1)
        third = claim(database)

        assert [first and first.run_id, second, third and third.run_id] == [
            runs[0].run_id,
            None,
            runs[1].run_id,
        ]
        assert state_of(database, owner_id, runs[1].run_id) is RunState.STARTING

    def test_no_two_managers_get_the_same_run(self, database: Database):
        """Two trainers of one run would fight over its checkpoint."""
        submit(database, specs(20))
        claimed: list[UUID] = []

        def take_all() -> None:
            while lease := claim(database):
                claimed.append(lease.run_id)

        managers = [threading.Thread(target=take_all) for _ in range(4)]
        for manager in managers:
            manager.start()
        for manager in managers:
            manager.join(timeout=60)

        assert len(claimed) == len(set(claimed)) == 20

    def test_a_claim_that_is_rolled_back_leaves_the_run_queued(self, database: Database):
        """A manager that dies between claim and commit has claimed nothing."""
        owner_id = submit(database, specs(1))
        with database.connection() as connection:
            assert claim_next_run(connection, manager_id=uuid4(), free_cpu=1, free_gpu=0) is not None
            connection.rollback()

        lease = claim(database)

        assert lease is not None
        assert lease.attempt == 1
        assert state_of(database, owner_id, lease.run_id) is RunState.STARTING


class TestStates:
    def test_every_change_is_kept_with_who_and_why(self, database: Database):
        """'Who stopped my run?' must have an answer."""
        owner_id, lease = started_run(database)
        set_state(database, lease.run_id, RunState.RUNNING, attempt=1)
        set_state(database, lease.run_id, RunState.STOPPING, by="ada", why="diverges")

        with database.connection() as connection:
            history = state_changes(connection, viewer_id=owner_id, run_id=lease.run_id)

        assert history["state"] == ["queued", "starting", "running", "stopping"]
        assert (history["by"][-1], history["why"][-1]) == ("ada", "diverges")
        assert history["time"] == sorted(history["time"])

    def test_a_trainer_that_was_replaced_is_told_so(self, database: Database):
        """F13: after a network partition two trainers may live; only the newer one's word counts."""
        owner_id, lease = started_run(database)
        set_state(database, lease.run_id, RunState.QUEUED, by="run-manager")
        newer = claim(database)

        with pytest.raises(StaleAttemptError, match=r"attempt 1 .* attempt 2 has taken over"):
            set_state(database, lease.run_id, RunState.FINISHED, attempt=1)

        assert newer is not None
        assert newer.attempt == 2
        assert state_of(database, owner_id, lease.run_id) is RunState.STARTING

    def test_a_run_that_has_ended_stays_ended(self, database: Database):
        """A late 'running' must not bring a finished run back to life."""
        _, lease = started_run(database)
        set_state(database, lease.run_id, RunState.FINISHED, attempt=1)

        with pytest.raises(ConflictError, match="finished cannot become running"):
            set_state(database, lease.run_id, RunState.RUNNING, attempt=1)

    def test_saying_the_same_end_again_is_no_error(self, database: Database):
        """A trainer whose connection broke at the commit cannot know whether it was heard."""
        owner_id, lease = started_run(database)
        for _ in range(2):
            set_state(database, lease.run_id, RunState.FAILED, attempt=1, error="boom")

        with database.connection() as connection:
            history = state_changes(connection, viewer_id=owner_id, run_id=lease.run_id)
        assert history["state"] == ["queued", "starting", "failed"]

    def test_a_run_that_is_not_there_is_not_found(self, database: Database):
        """Deleted while somebody pressed pause."""
        with pytest.raises(NotFoundError):
            set_state(database, uuid4(), RunState.PAUSED)


class TestHeartbeats:
    def test_a_heartbeat_tells_a_replaced_trainer_to_stop(self, database: Database):
        """The trainer learns it at its next beat at the latest."""
        _, lease = started_run(database)
        with database.connection() as connection:
            assert heartbeat(connection, run_no=lease.run_no, attempt=1) is RunState.STARTING
        set_state(database, lease.run_id, RunState.QUEUED, by="run-manager")
        claim(database)

        with database.connection() as connection:
            assert heartbeat(connection, run_no=lease.run_no, attempt=1) is None
            assert heartbeat(connection, run_no=lease.run_no, attempt=2) is RunState.STARTING

    def test_runs_without_a_trainer_are_queued_again_and_others_left_alone(self, database: Database):
        """F1: a worker that died silently costs time, not the run."""
        owner_id, silent = started_run(database)
        _, lively = started_run(database)
        with database.connection() as connection:
            connection.execute(
                "UPDATE runs SET heartbeat_at = now() - interval '1 minute' WHERE run_no = %s",
                [silent.run_no],
            )

        with database.connection() as connection:
            left = requeue_orphans(connection, silent_for_s=30)

        assert left.queued == [silent.run_id]
        assert state_of(database, owner_id, silent.run_id) is RunState.QUEUED
        assert state_of(database, owner_id, lively.run_id) is RunState.STARTING

    @pytest.mark.parametrize(("asked", "happened"), [("pausing", "paused"), ("stopping", "stopped")])
    def test_a_silent_run_that_was_asked_to_end_has_ended(
        self, database: Database, asked: str, happened: str
    ):
        """Otherwise it would wait in 'pausing' for ever, or start again against the person's will."""
        owner_id, lease = started_run(database)
        set_state(database, lease.run_id, RunState(asked), by="ada")

        with database.connection() as connection:
            assert requeue_orphans(connection, silent_for_s=0).queued == []

        assert state_of(database, owner_id, lease.run_id) is RunState(happened)


class TestNotifications:
    def test_a_listener_hears_of_queued_runs_and_changes_after_the_commit(self, database: Database):
        """The manager sleeps until there is work, and is woken once per experiment; pages change without asking."""
        heard = database.listen("nntracker_queue", "nntracker_runs", timeout_s=10)
        assert next(heard) is None  # connected
        runs = specs(1)

        submit(database, runs)

        assert {next(heard), next(heard)} == {
            ("nntracker_queue", str(runs[0].experiment_id)),
            ("nntracker_runs", str(runs[0].run_id)),
        }

    def test_a_listener_gets_a_sign_of_life_in_silence(self, database: Database):
        """So that it can look at other things, or end."""
        heard = database.listen("nntracker_queue", timeout_s=0.05)

        assert [next(heard), next(heard)] == [None, None]

    def test_a_listener_comes_back_after_its_connection_was_cut(self, database: Database):
        """A restarted database must not leave the platform deaf."""
        heard = database.listen("nntracker_queue", timeout_s=5)
        next(heard)
        with database.connection() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
            )

        assert next(heard) is None  # connected again: look at the tables, something may have been missed
        runs = specs(1)
        submit(database, runs)
        assert next(heard) == ("nntracker_queue", str(runs[0].experiment_id))
