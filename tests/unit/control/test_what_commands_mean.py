"""What each command does in each state, and what becomes of one that waits: without a database."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest

from nntracker_ray.commands import (
    Outcome,
    Selection,
    Verb,
    as_json,
    checked_arguments,
    decide,
    require_parts,
    settled,
)
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, Speaker, is_possible

PAGE = Path(__file__).parents[3] / "docs" / "control.md"
EVERYTHING = list(product(Verb, RunState))


def test_the_page_about_control_says_what_the_tables_say():
    """People look up there what a command would do."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines()]
    header = next(row for row in rows if row[0] == "queued")
    verbs = {row[0]: row[1:] for row in rows if len(row) == len(header) + 1}

    for verb in set(Verb) - {Verb.FORK, Verb.RERUN}:
        for words, said in zip(header, verbs[verb], strict=True):
            for word in words.split(", "):
                assert in_a_word(verb, RunState(word)) == said, (verb, word)


def in_a_word(verb: Verb, state: RunState) -> str:
    """How the page puts a decision."""
    decision = decide(verb, state)
    if decision.outcome is not Outcome.DONE:
        return decision.outcome
    return "gone" if verb is Verb.DELETE else decision.state or decision.outcome


@pytest.mark.parametrize("verb", Verb)
def test_a_command_asks_only_for_changes_that_a_person_may_make(verb: Verb):
    """Decisions and states are two tables; they must not contradict each other."""
    for state in RunState:
        decision = decide(verb, state)
        if decision.state is not None:
            assert is_possible(state, decision.state, Speaker.PERSON), (state, decision)


def test_only_a_run_at_work_can_leave_a_command_waiting():
    """Nobody would ever settle it for the others."""
    waiting = [state for verb, state in EVERYTHING if decide(verb, state).outcome is Outcome.PENDING]

    assert set(waiting) == AT_WORK


def test_a_refusal_says_why_and_changes_nothing():
    """'Refused' alone sends people to the source code."""
    for verb, state in EVERYTHING:
        decision = decide(verb, state)
        if decision.outcome is Outcome.REFUSED:
            assert decision.why
            assert decision.state is None


def test_a_command_that_waits_is_settled_by_every_rest():
    """Whatever becomes of the run, the person who waits gets an answer."""
    for verb in (Verb.PAUSE, Verb.STOP):
        for state in RunState:
            if state in (RunState.PAUSED, RunState.STOPPED, RunState.FINISHED, RunState.FAILED):
                expected = settled(verb, state) is not None
                # A run that is stopping does not become paused, so no stop ever waits there.
                assert expected or (verb, state) == (Verb.STOP, RunState.PAUSED)


def test_a_command_repeated_is_harmless():
    """What it asked for is so already, or is on its way."""
    for verb in (Verb.PAUSE, Verb.RESUME, Verb.STOP, Verb.DELETE):
        for state in RunState:
            first = decide(verb, state)
            if first.state is not None:
                assert decide(verb, first.state).outcome is not Outcome.REFUSED, (verb, state)


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        (Verb.EXTEND, {}, "extend needs epochs as a whole number from 1 to 1000000, not None"),
        (Verb.EXTEND, {"epochs": 0}, "not 0"),
        (Verb.EXTEND, {"epochs": True}, "not True"),
        (Verb.EXTEND, {"epochs": 2.5}, "not 2.5"),
        (Verb.EXTEND, {"epoch": 3}, "allowed: epochs. Did you mean 'epochs'"),
        (Verb.PRIORITISE, {"priority": 1001}, "from -1000 to 1000, not 1001"),
        (Verb.PAUSE, {"now": 1}, "pause knows no argument 'now'; allowed: none"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_what_would(verb: Verb, arguments: dict, message: str):
    """The same words at every door."""
    with pytest.raises(BadInputError) as refusal:
        checked_arguments(verb, arguments)

    assert message in str(refusal.value)


def test_a_selection_needs_runs_an_experiment_or_a_tag():
    """States alone would mean everything that somebody ever made."""
    for selection in (Selection(), Selection(states=(RunState.FAILED,))):
        with pytest.raises(BadInputError):
            require_parts(selection)
    for selection in (Selection((uuid4(),)), Selection(experiment_id=uuid4()), Selection(tag="a")):
        require_parts(selection)


def test_equal_selections_are_equal_as_json():
    """A repeated command is known by it."""
    run_id = uuid4()

    assert as_json(Selection((run_id,), states=(RunState.FAILED,))) == {
        "run_ids": [str(run_id)],
        "experiment_id": None,
        "tag": None,
        "states": ["failed"],
    }
