"""Any order of words by people, trainers and managers leaves a history that the table of states allows."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.errors import ConflictError, NotFoundError, StaleAttemptError
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, Speaker, is_possible
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.writes import (
    change_state,
    claim_next_run,
    report_lost_worker,
    requeue_orphans,
    submit_command,
)
from tests.integration.storage.examples_of_records import specs, submit

RUNS = 2
VERBS = [verb for verb in Verb if verb not in (Verb.FORK, Verb.RERUN)]
ARGUMENTS = {Verb.EXTEND: {"epochs": 1}, Verb.PRIORITISE: {"priority": 1}}
SPEAKERS = {"run-manager": Speaker.MANAGER, "trainer": Speaker.TRAINER}

place = st.integers(0, RUNS - 1)
words = st.one_of(
    st.tuples(st.just("command"), st.sampled_from(VERBS), st.one_of(place, st.none())),
    st.tuples(st.just("trainer"), st.sampled_from(list(RunState)), place, st.integers(0, 1)),
    st.tuples(st.just("manager"), st.sampled_from(list(RunState)), place),
    st.tuples(st.just("claim")),
    st.tuples(st.just("lost"), place),
    st.tuples(st.just("silence")),
)


@pytest.fixture
def database(module_database: Database) -> Database:
    """One database for all examples: each has runs of its own."""
    return module_database


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(words, max_size=25))
def test_no_order_of_words_breaks_the_table_or_leaves_a_command_open(database: Database, said: list[tuple]):
    """People press, trainers die and managers restart in any order; a state that cannot be must never be stored."""
    runs = [spec.run_id for spec in specs_of_this_example(database)]
    with database.connection() as connection:
        owner_id = connection.execute("SELECT user_id FROM users").fetchone()[0]
        for word in said:
            try:
                with connection.transaction():
                    speak(connection, owner_id, runs, word)
            except (ConflictError, NotFoundError, StaleAttemptError):
                pass  # refused, and nothing of it may stay
            require_settled(connection, runs)
        require_possible_histories(connection, runs)
        # So that the next example claims its own runs.
        connection.execute("DELETE FROM runs")


def specs_of_this_example(database: Database):
    submit(database, runs := specs(RUNS))
    return runs


def speak(connection: Connection, owner_id: UUID, runs: list[UUID], word: tuple) -> None:
    match word:
        case ("command", verb, one):
            chosen = runs if one is None else [runs[one]]
            selection = Selection(run_ids=tuple(chosen))
            submit_command(
                connection,
                actor_id=owner_id,
                by="ada",
                verb=verb,
                selection=selection,
                arguments=ARGUMENTS.get(verb),
            )
        case ("trainer", state, one, behind):
            attempt = newest_attempt(connection, runs[one]) - behind
            change_state(connection, run_id=runs[one], state=state, by="trainer", attempt=attempt)
        case ("manager", state, one):
            change_state(connection, run_id=runs[one], state=state, by="run-manager")
        case ("claim",):
            claim_next_run(connection, manager_id=uuid4(), free_cpu=8, free_gpu=0)
        case ("lost", one):
            attempt = newest_attempt(connection, runs[one])
            report_lost_worker(connection, run_id=runs[one], attempt=attempt, error="killed", allowed=3)
        case ("silence",):
            requeue_orphans(connection, silent_for_s=0)


def newest_attempt(connection: Connection, run_id: UUID) -> int:
    row = connection.execute("SELECT attempt FROM runs WHERE run_id = %s", [run_id]).fetchone()
    return row[0] if row else 1


def require_settled(connection: Connection, runs: list[UUID]) -> None:
    """No command is open on a run that is gone or at rest."""
    open_on = connection.execute(
        "SELECT t.run_id, r.state FROM command_targets t LEFT JOIN runs r USING (run_id)"
        " WHERE t.outcome = %s AND t.run_id = ANY(%s)",
        [Outcome.PENDING.value, runs],
    ).fetchall()
    assert all(state is not None and RunState(state) in AT_WORK for _, state in open_on)


def require_possible_histories(connection: Connection, runs: list[UUID]) -> None:
    """Each change is in the table, for the one who said it; the last one is where the run stands."""
    for run_id in runs:
        history = connection.execute(
            "SELECT s.state, s.by, r.state FROM run_states s JOIN runs r USING (run_no)"
            " WHERE r.run_id = %s ORDER BY s.no",
            [run_id],
        ).fetchall()
        for (before, *_), (after, by, _) in pairwise(history):
            speaker = SPEAKERS.get(by, Speaker.PERSON)
            assert is_possible(RunState(before), RunState(after), speaker), (before, after, by)
        assert not history or history[-1][0] == history[-1][2]
