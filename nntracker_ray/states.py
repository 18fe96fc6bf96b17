"""The states of a run as one table: which change is possible, who may say it, and when. Pure.

`python -m nntracker_ray.states > docs/states.md` prints the page of it; a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nntracker_ray.errors import ConflictError
from nntracker_ray.records import RunRow, RunState


class Speaker(StrEnum):
    """Who says that a run's state has changed."""

    PERSON = "person"  # through any door
    MANAGER = "run manager"  # hands out leases, speaks for trainers that are gone
    TRAINER = "trainer"  # holds the lease of the newest attempt


@dataclass(frozen=True, slots=True)
class Transition:
    """One possible change."""

    before: RunState
    after: RunState
    speaker: Speaker
    when: str  # end of the sentence "... when"


_Q, _S, _R, _PG, _PD, _SG, _SD, _FN, _FL = RunState  # in the enum's order
_PERSON, _MANAGER, _TRAINER = Speaker

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(_Q, _S, _MANAGER, "the run is claimed for hardware that is free"),
    Transition(_Q, _PD, _PERSON, "pause is asked for before it began"),
    Transition(_Q, _SD, _PERSON, "stop is asked for before it began"),
    Transition(_S, _R, _TRAINER, "the first step of the attempt is made"),
    *(
        transition
        for at_work in (_S, _R)
        for transition in (
            Transition(at_work, _PG, _PERSON, "pause is asked for"),
            Transition(at_work, _SG, _PERSON, "stop is asked for"),
            Transition(at_work, _PD, _TRAINER, "the disk is full, and the run waits for room"),
            Transition(at_work, _Q, _TRAINER, "the platform stops, and the run has left with a checkpoint"),
            Transition(at_work, _Q, _MANAGER, "its worker, its manager or its machine is gone"),
            Transition(at_work, _FN, _TRAINER, "the last epoch and the test are made and recorded"),
            Transition(at_work, _FL, _TRAINER, "model, data or training raised"),
            Transition(at_work, _FL, _MANAGER, "three workers in a row died without finishing an epoch"),
        )
    ),
    Transition(_PG, _SG, _PERSON, "stop is asked for, which outranks pause"),
    Transition(_PG, _PD, _TRAINER, "the checkpoint is written and the hardware given back"),
    Transition(_PG, _PD, _MANAGER, "its trainer is gone, so its last checkpoint is where it stands"),
    Transition(_PG, _FN, _TRAINER, "the last epoch ended before the pause took effect"),
    Transition(_PG, _FL, _TRAINER, "model, data or training raised"),
    Transition(_SG, _SD, _TRAINER, "the last capture and the checkpoint are written"),
    Transition(_SG, _SD, _MANAGER, "its trainer is gone, so its last checkpoint is where it stands"),
    Transition(_SG, _FN, _TRAINER, "the last epoch ended before the stop took effect"),
    Transition(_SG, _FL, _TRAINER, "model, data or training raised"),
    Transition(_PD, _Q, _PERSON, "resume is asked for"),
    Transition(_PD, _Q, _MANAGER, "there is room on the disk again"),
    Transition(_PD, _SD, _PERSON, "stop is asked for"),
    Transition(_SD, _Q, _PERSON, "resume or extend is asked for"),
    Transition(_FL, _Q, _PERSON, "resume or extend is asked for, or the experiment is submitted again"),
    Transition(_FN, _Q, _PERSON, "extend is asked for"),
)
_POSSIBLE: Final = {(one.before, one.after, one.speaker) for one in TRANSITIONS}

AT_WORK: Final = frozenset({_S, _R, _PG, _SG})  # a trainer has the run, or should
# What becomes of a run whose trainer is gone or has to leave. One that was asked to end has ended.
WITHOUT_TRAINER: Final = {_S: _Q, _R: _Q, _PG: _PD, _SG: _SD}


def at_rest(run: RunRow) -> bool:
    """Whether nothing more happens to the run unless a person acts."""
    return run.state.is_final or run.state is RunState.PAUSED


def is_possible(before: RunState, after: RunState, speaker: Speaker) -> bool:
    """Whether this one may say that the state has changed so."""
    return (before, after, speaker) in _POSSIBLE


def require_possible(before: RunState, after: RunState, speaker: Speaker) -> None:
    """Raises: ConflictError: The change is impossible; the message lists what is possible."""
    if is_possible(before, after, speaker):
        return
    possible = [one.after for one in TRANSITIONS if (one.before, one.speaker) == (before, speaker)]
    allowed = ", ".join(dict.fromkeys(possible)) or "nothing"
    raise ConflictError(f"a run that is {before} cannot become {after} by the {speaker}; possible: {allowed}")


def diagram() -> str:
    """The table as a Mermaid state diagram: who may say each change."""
    lines = ["stateDiagram-v2", f"    [*] --> {_Q}: submitted, forked, rerun"]
    for (before, after), speakers in _merged().items():
        lines.append(f"    {before} --> {after}: {' / '.join(speakers)}")
    lines += [f"    {state} --> [*]: deleted" for state in RunState if state not in AT_WORK]
    return "\n".join(lines)


def table() -> str:
    """The table as Markdown: from, to, who, when."""
    rows = (f"| {one.before} | {one.after} | {one.speaker} | {one.when} |" for one in TRANSITIONS)
    return "\n".join(["| from | to | said by | when |", "|---|---|---|---|", *rows])


def page() -> str:
    """The page of the documentation, as Markdown."""
    return _PAGE.format(diagram=diagram(), table=table(), without=_without_trainer())


def _without_trainer() -> str:
    return ", ".join(f"{before} becomes {after}" for before, after in WITHOUT_TRAINER.items())


_PAGE: Final = """\
# The states of a run

Printed from the table in `nntracker_ray/states.py` by `python -m nntracker_ray.states > docs/states.md`.
The database stores no other change, and keeps each with who, when and why (`nntracker show`, table `run_states`).

```mermaid
{diagram}
```

{table}

The trainer's word counts only under the run's newest attempt number. What a person has asked for outlives it: while
a run is pausing or stopping, a trainer's `running` changes nothing, and its `queued` or `paused` means that it has
left.

A run at work whose trainer was not heard of for 60 s has none, even if nobody is left to write that down. Lists then
show what that makes of it, and commands act on the same:
{without}.
"""


def _merged() -> dict[tuple[RunState, RunState], list[str]]:
    merged: dict[tuple[RunState, RunState], list[str]] = {}
    for one in TRANSITIONS:
        merged.setdefault((one.before, one.after), []).append(one.speaker)
    return merged


if __name__ == "__main__":
    print(page(), end="")
