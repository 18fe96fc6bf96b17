"""The states of a run are one table; its page in the documentation is printed from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntracker_ray.errors import ConflictError
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, TRANSITIONS, WITHOUT_TRAINER, Speaker, page, require_possible

PAGE = Path(__file__).parents[3] / "docs" / "states.md"


def test_the_page_says_what_the_table_says():
    """A diagram drawn by hand would be wrong after the first change."""
    assert page() == PAGE.read_text(), "run: python -m nntracker_ray.states > docs/states.md"


def test_every_state_can_be_reached_and_left():
    """A state without a way in is dead code, one without a way out would hold a run for ever."""
    reached = {one.after for one in TRANSITIONS} | {RunState.QUEUED}
    left = {one.before for one in TRANSITIONS}

    assert reached == left == set(RunState)


def test_each_change_is_listed_once_for_each_speaker():
    """Two reasons for one change would be two truths."""
    changes = [(one.before, one.after, one.speaker) for one in TRANSITIONS]

    assert len(changes) == len(set(changes))


def test_a_run_whose_trainer_is_gone_may_become_what_is_planned_for_it():
    """The manager must be able to say it from every state at work."""
    assert set(WITHOUT_TRAINER) == AT_WORK
    for before, after in WITHOUT_TRAINER.items():
        require_possible(before, after, Speaker.MANAGER)


def test_only_trainers_and_managers_say_what_needs_a_trainer():
    """A person can wish, not make a training run or finish."""
    by_person = {one.after for one in TRANSITIONS if one.speaker is Speaker.PERSON}

    assert by_person.isdisjoint({RunState.STARTING, RunState.RUNNING, RunState.FINISHED, RunState.FAILED})


def test_an_impossible_change_is_refused_with_what_is_possible():
    """The reader of the message knows what to do next."""
    with pytest.raises(
        ConflictError, match=r"finished cannot become running by the trainer; possible: nothing"
    ):
        require_possible(RunState.FINISHED, RunState.RUNNING, Speaker.TRAINER)
    with pytest.raises(
        ConflictError, match=r"paused cannot become running by the person; possible: queued, stopped"
    ):
        require_possible(RunState.PAUSED, RunState.RUNNING, Speaker.PERSON)
