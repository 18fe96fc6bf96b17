"""What people may ask of runs, and what becomes of it: words, checks and decisions. Pure.

A command is one row for any number of runs; each run has an outcome of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from nntracker_ray.errors import BadInputError, did_you_mean
from nntracker_ray.records import JsonValue, RunState
from nntracker_ray.states import AT_WORK


class Verb(StrEnum):
    """What can be asked."""

    PAUSE = "pause"  # leave after the batch in hand, keep everything, give the hardware back
    RESUME = "resume"  # queue again; goes on at that very batch
    STOP = "stop"  # end after the batch in hand with a last capture and a checkpoint
    DELETE = "delete"  # remove everything of the run, from the disk as well
    EXTEND = "extend"  # arguments: epochs int >= 1, made on top
    FORK = "fork"  # arguments: checkpoint str = "last", changes {key: value}, name str | None
    RERUN = "rerun"  # a new run of the same spec and seed
    PRIORITISE = "prioritise"  # arguments: priority int, -1000 to 1000


class Outcome(StrEnum):
    """What has become of a command for one run."""

    PENDING = "pending"  # accepted; the run is on its way there
    DONE = "done"
    REFUSED = "refused"  # nothing was changed; `why` says why not


@dataclass(frozen=True, slots=True)
class Selection:
    """The runs that are meant: all of the owner's that match every part given. At least one part is given."""

    run_ids: tuple[UUID, ...] = ()
    experiment_id: UUID | None = None
    tag: str | None = None
    states: tuple[RunState, ...] = ()  # narrows the others down; not enough alone
    said: str = ""  # the choice as it was typed, to know it again; which runs are meant say the other parts


@dataclass(frozen=True, slots=True)
class Target:
    """One run of a command."""

    run_id: UUID
    run_name: str
    outcome: Outcome
    why: str  # "" when there is nothing to explain
    new_run_id: UUID | None  # what a fork or a rerun has made


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as it stands."""

    command_id: UUID
    verb: Verb
    arguments: dict[str, JsonValue]
    by: str  # who, by name
    created_at: datetime  # UTC
    targets: tuple[Target, ...]  # in order of run_no
    key: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is pending any more."""
        return all(target.outcome is not Outcome.PENDING for target in self.targets)

    @property
    def refused(self) -> tuple[Target, ...]:
        """The runs for which it was refused."""
        return tuple(target for target in self.targets if target.outcome is Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command does to a run in some state."""

    outcome: Outcome
    state: RunState | None = None  # the state to set; None leaves it
    why: str = ""


_Q, _S, _R, _PG, _PD, _SG, _SD, _FN, _FL = RunState
_DONE, _PENDING, _REFUSED = Outcome.DONE, Outcome.PENDING, Outcome.REFUSED


def _refused(why: str) -> Decision:
    return Decision(_REFUSED, why=why)


_PAUSE: Final = {
    _Q: Decision(_DONE, _PD),
    _S: Decision(_PENDING, _PG),
    _R: Decision(_PENDING, _PG),
    _PG: Decision(_PENDING),
    _PD: Decision(_DONE, why="it was paused already"),
    _SG: _refused("it is stopping"),
    _SD: _refused("it is stopped; nothing is at work that could pause"),
    _FN: _refused("it is finished"),
    _FL: _refused("it has failed"),
}
_RESUME: Final = {
    _Q: Decision(_DONE, why="it is queued already"),
    _S: Decision(_DONE, why="it is starting already"),
    _R: Decision(_DONE, why="it is running already"),
    _PG: _refused("it is still pausing; try again when it is paused"),
    _PD: Decision(_DONE, _Q),
    _SG: _refused("it is still stopping; try again when it is stopped"),
    _SD: Decision(_DONE, _Q),
    _FN: _refused("it is finished; extend gives it more epochs, rerun trains it anew"),
    _FL: Decision(_DONE, _Q),
}
_STOP: Final = {
    _Q: Decision(_DONE, _SD),
    _S: Decision(_PENDING, _SG),
    _R: Decision(_PENDING, _SG),
    _PG: Decision(_PENDING, _SG),
    _PD: Decision(_DONE, _SD),
    _SG: Decision(_PENDING),
    _SD: Decision(_DONE, why="it was stopped already"),
    _FN: _refused("it is finished"),
    _FL: _refused("it has failed"),
}
# Deleting a run at work stops it first; it is gone once its trainer is.
_DELETE: Final = {state: _STOP[state] if state in AT_WORK else Decision(_DONE) for state in RunState}
_EXTEND: Final = {
    _Q: Decision(_DONE),
    _S: _refused("it is starting; pause it first, or wait until it has ended"),
    _R: _refused("it is running; pause it first, or wait until it has ended"),
    _PG: _refused("it is still pausing; try again when it is paused"),
    _PD: Decision(_DONE),  # stays paused
    _SG: _refused("it is still stopping; try again when it is stopped"),
    _SD: Decision(_DONE, _Q),
    _FN: Decision(_DONE, _Q),
    _FL: Decision(_DONE, _Q),
}
_PRIORITISE: Final = {
    state: _refused(f"it is {state}; only a run that waits or may wait again has a place in the queue")
    if state in (_FN, _SG)
    else Decision(_DONE)
    for state in RunState
}
_ANY_STATE: Final = dict.fromkeys(RunState, Decision(_DONE))  # the run itself stays as it is

_DECISIONS: Final = {
    Verb.PAUSE: _PAUSE,
    Verb.RESUME: _RESUME,
    Verb.STOP: _STOP,
    Verb.DELETE: _DELETE,
    Verb.EXTEND: _EXTEND,
    Verb.FORK: _ANY_STATE,
    Verb.RERUN: _ANY_STATE,
    Verb.PRIORITISE: _PRIORITISE,
}

_ARGUMENTS: Final = {
    Verb.EXTEND: ("epochs",),
    Verb.FORK: ("checkpoint", "changes", "name"),
    Verb.PRIORITISE: ("priority",),
}
_NUMBERS: Final = {
    Verb.EXTEND: {"epochs": (1, 1_000_000)},  # beyond is a slip of the finger, as in the experiment file
    Verb.PRIORITISE: {"priority": (-1000, 1000)},
}


def decide(verb: Verb, state: RunState) -> Decision:
    """What a command does to a run that is in this state. Total: every verb has an answer for every state."""
    return _DECISIONS[verb][state]


def settled(verb: Verb, state: RunState) -> tuple[Outcome, str] | None:
    """What a pending command has become now that the run has reached a state; None: still pending.

    A deletion that waits for the trainer to leave is carried out by whoever writes that state, and is not
    settled here.
    """
    if state in AT_WORK and not (verb is Verb.PAUSE and state is _SG):
        return None
    match verb, state:
        case (Verb.PAUSE, RunState.PAUSED) | (Verb.STOP, RunState.STOPPED):
            return _DONE, ""
        case (Verb.PAUSE, RunState.STOPPING | RunState.STOPPED):
            return _REFUSED, "it was stopped before it paused"
        case (Verb.PAUSE | Verb.STOP, RunState.FINISHED):
            return _REFUSED, "its last epoch ended first"
        case (Verb.PAUSE | Verb.STOP, RunState.FAILED):
            return _REFUSED, "it failed first"
    return None


def parse_states(words: Sequence[str]) -> tuple[RunState, ...]:
    """States by name. Raises: BadInputError: A word that is none; the nearest is named."""
    known = [state.value for state in RunState]
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known)
            raise BadInputError(f"unknown state {word!r}; known: {', '.join(known)}. {hint}".rstrip())
    return tuple(RunState(word) for word in words)


def require_parts(selection: Selection) -> None:
    """Raises: BadInputError: Nothing says which runs are meant; states alone only narrow others down."""
    if not (selection.run_ids or selection.experiment_id or selection.tag):
        raise BadInputError(
            "the selection names no runs; give run ids, an experiment or a tag (states alone are not enough)"
        )


def nothing_matches(selection: Selection) -> str:
    """What to say when no run is meant.

    >>> nothing_matches(Selection(tag="nigthly", states=(RunState.PAUSED,)))
    "no run matches tag 'nigthly' and state paused; `nntracker ls` lists those there are"
    """
    parts = [
        "the ids" if selection.run_ids else "",
        "the experiment" if selection.experiment_id else "",
        f"tag {selection.tag!r}" if selection.tag else "",
        f"state {' or '.join(selection.states)}" if selection.states else "",
    ]
    return f"no run matches {' and '.join(filter(None, parts))}; `nntracker ls` lists those there are"


def as_json(selection: Selection) -> dict[str, JsonValue]:
    """The selection as plain values, equal for equal selections."""
    return {
        "run_ids": [str(run_id) for run_id in selection.run_ids],
        "experiment_id": str(selection.experiment_id) if selection.experiment_id else None,
        "tag": selection.tag,
        "states": [state.value for state in selection.states],
        **({"said": selection.said} if selection.said else {}),
    }


def is_said_again(selection: Selection, stored: Mapping[str, JsonValue]) -> bool:
    """Whether a selection is one that was stored `as_json`: typed in the same words, or of the same parts."""
    asked = as_json(selection)
    if selection.said and selection.said == stored.get("said"):
        return True
    return {**asked, "said": None} == {**stored, "said": None}


def checked_arguments(verb: Verb, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The arguments of a command, if they fit its verb.

    What a fork changes is checked where the fork is made: that depends on the run.

    Raises: BadInputError: A key that the verb does not know, one that is missing, or a value outside its range.
    """
    known = _ARGUMENTS.get(verb, ())
    for key in arguments:
        if key not in known:
            allowed = ", ".join(known) or "none"
            raise BadInputError(
                f"{verb} knows no argument {key!r}; allowed: {allowed}. {did_you_mean(key, known)}".rstrip()
            )
    for key, (lowest, highest) in _NUMBERS.get(verb, {}).items():
        value = arguments.get(key)
        if type(value) is not int or not lowest <= value <= highest:
            raise BadInputError(
                f"{verb} needs {key} as a whole number from {lowest} to {highest}, not {value!r}"
            )
    return dict(arguments)
