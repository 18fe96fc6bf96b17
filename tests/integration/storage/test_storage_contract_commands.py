"""What commands do to runs, as every backend must keep it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from nntracker_ray.commands import Outcome, Selection, Verb, decide
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import (
    find_run,
    list_commands,
    list_runs,
    run_spec,
    select_runs,
    state_changes,
)
from nntracker_ray.storage.writes import (
    change_state,
    heartbeat,
    report_lost_worker,
    requeue_orphans,
    submit_command,
)
from tests.integration.storage.command_examples import (
    MAKE_NEW_RUNS,
    at_once,
    count,
    order,
    outcome,
    put,
    say,
    state_of,
)
from tests.integration.storage.examples_of_records import claim, specs, started_run, submit
from tests.integration.storage.examples_of_records import run_spec as a_spec


class TestEveryCommand:
    def test_does_to_every_state_what_the_table_says(self, database: Database):
        """The pure table is the manual; the database must not know better."""
        for verb in [verb for verb in Verb if verb not in MAKE_NEW_RUNS]:
            runs = specs(len(RunState))
            owner_id = submit(database, runs)
            for spec, state in zip(runs, RunState, strict=True):
                put(database, spec.run_id, state)

            row = order(database, owner_id, verb, *(spec.run_id for spec in runs))

            decisions = [decide(verb, state) for state in RunState]
            assert [(t.outcome, t.why) for t in row.targets] == [(d.outcome, d.why) for d in decisions]
            with database.connection() as connection:
                left = {run.run_id: run.state for run in list_runs(connection, viewer_id=owner_id)}
            for spec, before, decision in zip(runs, RunState, decisions, strict=True):
                gone = verb is Verb.DELETE and decision.outcome is Outcome.DONE
                assert left.get(spec.run_id) is (None if gone else decision.state or before)

    def test_keeps_who_asked_and_what_in_the_history_of_the_run(self, database: Database):
        """'Who stopped my run?' must have an answer."""
        owner_id = submit(database, runs := specs(1))

        order(database, owner_id, Verb.STOP, runs[0].run_id, by="grace")

        with database.connection() as connection:
            history = state_changes(connection, viewer_id=owner_id, run_id=runs[0].run_id)
            (row,) = list_commands(connection, actor_id=owner_id, run_id=runs[0].run_id)
        assert (history["by"][-1], history["why"][-1]) == ("grace", "stop was asked for")
        assert (row.by, row.verb, row.targets[0].run_name) == ("grace", Verb.STOP, runs[0].name)

    def test_that_matches_nothing_is_told_so(self, database: Database):
        """A typing error must not look like success; a run of somebody else looks like none."""
        owner_id = submit(database, runs := specs(1))

        for who, run_id in [(owner_id, uuid4()), (other_user(database), runs[0].run_id)]:
            with pytest.raises(NotFoundError):
                order(database, who, Verb.PAUSE, run_id)

        assert state_of(database, owner_id, runs[0].run_id) is RunState.QUEUED
        assert count(database, "commands") == 0

    def test_without_a_selection_is_refused(self, database: Database):
        """'Delete' alone must never mean everything."""
        owner_id = submit(database, specs(1))

        for empty in (Selection(), Selection(states=(RunState.QUEUED,))):
            with pytest.raises(BadInputError, match="names no runs"):
                order(database, owner_id, Verb.DELETE, selection=empty)
            with database.connection() as connection, pytest.raises(BadInputError):
                select_runs(connection, viewer_id=owner_id, selection=empty)

    def test_that_raises_leaves_nothing_also_when_the_transaction_goes_on(self, database: Database):
        """Half a command would be worse than none."""
        owner_id = submit(database, specs(1))
        with database.connection() as connection:
            with pytest.raises(NotFoundError):
                submit_command(
                    connection,
                    actor_id=owner_id,
                    by="ada",
                    verb=Verb.STOP,
                    selection=Selection(tag="none"),
                    key="k",
                )
            assert list_commands(connection, actor_id=owner_id) == []

        assert count(database, "commands") == 0

    def test_is_for_the_runs_that_match_every_part_of_the_selection(self, database: Database):
        """One call for an experiment, a tag, some states; and what a person is shown before is what it hits."""
        first, second = specs(3), specs(2, tags=("wide", "baseline"))
        submit(database, first)
        owner_id = submit(database, second)
        put(database, second[0].run_id, RunState.FAILED)

        def hit(**parts: Any) -> set[UUID]:
            selection = Selection(**parts)
            row = order(database, owner_id, Verb.PRIORITISE, selection=selection)
            with database.connection() as connection:
                shown = select_runs(connection, viewer_id=owner_id, selection=selection)
            assert {target.run_id for target in row.targets} == {run.run_id for run in shown}
            return {target.run_id for target in row.targets}

        assert hit(experiment_id=first[0].experiment_id) == {spec.run_id for spec in first}
        assert hit(tag="wide") == {spec.run_id for spec in second}
        assert hit(tag="baseline", states=(RunState.FAILED,)) == {second[0].run_id}
        assert hit(run_ids=(first[1].run_id, second[1].run_id), tag="wide") == {second[1].run_id}

    def test_extend_gives_epochs_on_top_and_queues_what_had_ended(self, database: Database):
        """The training goes on where it stood; its specification says so."""
        owner_id = submit(database, [spec := a_spec(total_epochs=10)])
        put(database, spec.run_id, RunState.FINISHED)

        order(database, owner_id, Verb.EXTEND, spec.run_id, arguments={"epochs": 7})

        with database.connection() as connection:
            assert run_spec(connection, viewer_id=owner_id, run_id=spec.run_id).total_epochs == 17
            run = find_run(connection, viewer_id=owner_id, run_id=spec.run_id)
            history = state_changes(connection, viewer_id=owner_id, run_id=spec.run_id)
        assert (run.state, run.total_epochs, run.ended_at) == (RunState.QUEUED, 17, None)
        assert history["why"][-1] == "extended by 7 epochs"

    def test_resume_of_a_failed_run_counts_its_lost_workers_anew(self, database: Database):
        """The person has removed the cause; one more death must not end it at once."""
        owner_id = submit(database, [spec := a_spec()])
        lose_worker(database, 3)
        assert state_of(database, owner_id, spec.run_id) is RunState.FAILED

        order(database, owner_id, Verb.RESUME, spec.run_id)

        assert lose_worker(database, 2) is RunState.QUEUED
        assert lose_worker(database, 1) is RunState.FAILED


def lose_worker(database: Database, times: int) -> RunState | None:
    state = None
    for _ in range(times):
        lease = claim(database)
        assert lease is not None
        with database.connection() as connection:
            state = report_lost_worker(
                connection, run_id=lease.run_id, attempt=lease.attempt, error="killed", allowed=3
            )
    return state


class TestIdempotencyKeys:
    def test_the_same_key_again_is_the_first_command(self, database: Database):
        """A client that did not hear the answer sends again; ten more epochs must not become twenty."""
        owner_id = submit(database, runs := specs(1))
        first = order(database, owner_id, Verb.EXTEND, runs[0].run_id, key="k")

        again = order(database, owner_id, Verb.EXTEND, runs[0].run_id, key="k", by="another door")

        assert again == first
        with database.connection() as connection:
            assert run_spec(connection, viewer_id=owner_id, run_id=runs[0].run_id).total_epochs == 15

    def test_a_key_with_another_content_is_a_conflict(self, database: Database):
        """To answer with the old outcome would tell a lie about the new wish."""
        owner_id = submit(database, runs := specs(1))
        order(database, owner_id, Verb.EXTEND, runs[0].run_id, key="k")

        same = {"verb": Verb.EXTEND, "selection": Selection(run_ids=(runs[0].run_id,))}
        for other in (
            {"verb": Verb.RESUME, "arguments": None},
            {"arguments": {"epochs": 6}},
            {"selection": Selection(tag="baseline")},
        ):
            with pytest.raises(ConflictError, match="belongs to another command"):
                order(database, owner_id, **same | other, key="k")

    def test_keys_of_different_owners_do_not_meet(self, database: Database):
        """Somebody else's choice of words is nobody's business."""
        owner_id = submit(database, runs := specs(1))
        order(database, owner_id, Verb.PAUSE, runs[0].run_id, key="k")

        with pytest.raises(NotFoundError):
            order(database, other_user(database), Verb.PAUSE, runs[0].run_id, key="k")

    def test_a_key_that_failed_may_be_used_again(self, database: Database):
        """Nothing was done under it."""
        owner_id = submit(database, runs := specs(1))
        with pytest.raises(NotFoundError):
            order(database, owner_id, Verb.PAUSE, uuid4(), key="k")

        assert order(database, owner_id, Verb.PAUSE, runs[0].run_id, key="k").is_settled

    def test_the_same_key_sent_twice_at_once_is_one_command(self, database: Database):
        """A retry may overtake the first request."""
        owner_id = submit(database, runs := specs(1))

        rows = at_once(
            *[lambda: order(database, owner_id, Verb.EXTEND, runs[0].run_id, key="k") for _ in range(4)]
        )

        assert len({row.command_id for row in rows}) == 1
        with database.connection() as connection:
            assert run_spec(connection, viewer_id=owner_id, run_id=runs[0].run_id).total_epochs == 15


def other_user(database: Database) -> UUID:
    with database.connection() as connection:
        return connection.execute("INSERT INTO users (name) VALUES ('eve') RETURNING user_id").fetchone()[0]


class TestSettling:
    def test_a_command_is_settled_by_the_word_of_the_trainer(self, database: Database):
        """A person who waits gets an answer, whatever happens to the run."""
        for verb, said, expected in [
            (Verb.PAUSE, RunState.PAUSED, (Outcome.DONE, "")),
            (Verb.STOP, RunState.STOPPED, (Outcome.DONE, "")),
            (Verb.PAUSE, RunState.FINISHED, (Outcome.REFUSED, "its last epoch ended first")),
            (Verb.STOP, RunState.FAILED, (Outcome.REFUSED, "it failed first")),
            # The platform ends: what was asked for has happened.
            (Verb.PAUSE, RunState.QUEUED, (Outcome.DONE, "")),
            (Verb.STOP, RunState.QUEUED, (Outcome.DONE, "")),
        ]:
            owner_id, lease = started_run(database)
            row = order(database, owner_id, verb, lease.run_id)
            assert outcome(database, owner_id, row) == (Outcome.PENDING, "")

            say(database, lease, said)

            assert outcome(database, owner_id, row) == expected

    def test_a_command_is_settled_when_the_trainer_is_gone(self, database: Database):
        """Killed while it wrote its checkpoint: the last one is where the run stands."""
        for verb, left in [(Verb.PAUSE, RunState.PAUSED), (Verb.STOP, RunState.STOPPED)]:
            owner_id, lease = started_run(database)
            row = order(database, owner_id, verb, lease.run_id)

            with database.connection() as connection:
                assert requeue_orphans(connection, silent_for_s=0).queued == []

            assert state_of(database, owner_id, lease.run_id) is left
            assert outcome(database, owner_id, row) == (Outcome.DONE, "")

    def test_stop_outranks_a_pause_that_is_pending(self, database: Database):
        """The pause is told why it did not happen, and a trainer that had left for it is stopped."""
        owner_id, lease = started_run(database)
        pause = order(database, owner_id, Verb.PAUSE, lease.run_id)
        stop = order(database, owner_id, Verb.STOP, lease.run_id)

        assert say(database, lease, RunState.PAUSED) is RunState.STOPPED

        assert outcome(database, owner_id, pause) == (Outcome.REFUSED, "it was stopped before it paused")
        assert outcome(database, owner_id, stop) == (Outcome.DONE, "")

    def test_a_wish_outlives_the_first_step(self, database: Database):
        """'running' said late must not undo a pause."""
        owner_id, lease = started_run(database)
        order(database, owner_id, Verb.PAUSE, lease.run_id)

        assert say(database, lease, RunState.RUNNING) is RunState.PAUSING

        with database.connection() as connection:
            run = find_run(connection, viewer_id=owner_id, run_id=lease.run_id)
            assert heartbeat(connection, run_no=lease.run_no, attempt=1) is RunState.PAUSING
        assert run.started_at is not None

    def test_a_listener_hears_what_is_asked_of_runs_at_work_and_what_became_of_it(self, database: Database):
        """A pause takes effect within a batch only if the trainer need not ask."""
        owner_id, lease = started_run(database)
        heard = database.listen("nntracker_control", "nntracker_commands", timeout_s=10)
        next(heard)

        row = order(database, owner_id, Verb.PAUSE, lease.run_id)
        assert {next(heard), next(heard)} == {
            ("nntracker_control", str(lease.run_id)),
            ("nntracker_commands", str(row.command_id)),
        }
        say(database, lease, RunState.PAUSED)
        assert next(heard) == ("nntracker_commands", str(row.command_id))

    def test_a_run_held_by_a_full_disk_is_queued_by_the_manager_unless_a_person_pauses_it(
        self, database: Database
    ):
        """It goes on by itself when there is room; a person who says pause means pause."""
        owner_id, lease = started_run(database)
        manager = {"run_id": lease.run_id, "state": RunState.QUEUED, "by": "run-manager"}
        say(database, lease, RunState.PAUSED, why="no room", hold="disk")
        with database.connection() as connection:
            assert change_state(connection, **manager) is RunState.QUEUED

        again = claim(database)
        say(database, again, RunState.PAUSED, why="no room", hold="disk")
        order(database, owner_id, Verb.PAUSE, lease.run_id)
        with database.connection() as connection, pytest.raises(ConflictError, match="paused by a person"):
            change_state(connection, **manager)

    def test_a_full_disk_does_not_undo_a_pause_that_was_asked_for(self, database: Database):
        """The trainer may find the disk full while it leaves; the person's word stands, and only theirs."""
        owner_id, lease = started_run(database)
        row = order(database, owner_id, Verb.PAUSE, lease.run_id)

        assert say(database, lease, RunState.PAUSED, why="no room", hold="disk") is RunState.PAUSED

        assert outcome(database, owner_id, row) == (Outcome.DONE, "")
        with database.connection() as connection, pytest.raises(ConflictError, match="paused by a person"):
            change_state(connection, run_id=lease.run_id, state=RunState.QUEUED, by="run-manager")

    def test_a_reason_that_postgresql_cannot_hold_is_kept_as_far_as_it_can(self, database: Database):
        """A library's error may have bytes of a file in it; the run must fail all the same, not fall silent."""
        owner_id, lease = started_run(database)

        say(database, lease, RunState.FAILED, why="a\x00b", error="Traceback: \udc80\x00")

        with database.connection() as connection:
            history = state_changes(connection, viewer_id=owner_id, run_id=lease.run_id)
        assert (history["state"][-1], history["why"][-1]) == ("failed", "a\ufffdb")
        assert history["error"][-1] == "Traceback: ?\ufffd"
