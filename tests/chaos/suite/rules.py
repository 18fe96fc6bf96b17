"""When nothing is lost: each rule looks at the evidence and says what is broken. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, TRANSITIONS
from tests.chaos.suite.evidence import PlatformEvidence, RunEvidence

TIMES = frozenset({"epoch_time", "elapsed_time"})  # differ from run to run, whatever happens
_POSSIBLE = {(one.before, one.after) for one in TRANSITIONS}


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold."""

    rule: str
    run: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.run}: {self.what}"


RunRule = Callable[[RunEvidence, RunEvidence], Iterator[str]]


def ends_finished(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Every run reaches its end, and says so."""
    if run.state is not RunState.FINISHED:
        yield f"is {run.state}, its twin {twin.state}; error: {run.error}"
    if (run.epochs_done, run.steps_done) != (twin.epochs_done, twin.steps_done):
        yield f"made {run.epochs_done} epochs, {run.steps_done} steps; its twin {twin.epochs_done}, {twin.steps_done}"


def at_rest_without_lease(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """A run that is over belongs to no manager."""
    if run.is_leased and run.state not in AT_WORK:
        yield "has ended, and a manager still holds it"


def every_value_once(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """One row for each metric and epoch, or look, none else."""
    counted = Counter(map(_name, run.metrics))
    expected = set(map(_name, twin.metrics))
    yield from (f"{key} is missing" for key in sorted(expected - counted.keys()))
    yield from (f"{key} is not in the twin" for key in sorted(counted.keys() - expected))
    yield from (f"{key} is there {count} times" for key, count in counted.items() if count > 1)


def equal_values(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """The 64 bits of every value, and the step it was measured at, are those of the undisturbed twin."""
    expected = {_name(row): row[4:] for row in twin.metrics}
    for row in run.metrics:
        name, (step, value) = _name(row), row[4:]
        if name[0] not in TIMES and name in expected and expected[name] != (step, value):
            yield f"{name} differs from the twin's"
        if name[0] in TIMES and name in expected and expected[name][0] != step:
            yield f"{name} was measured at step {step}, the twin's at {expected[name][0]}"


def _name(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What there may be once: a metric in an epoch; one of the inside, "weights/mean", at each step looked at."""
    return row[:5] if "/" in row[0] else row[:4]


def newest_value_listed(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """What lists show of a metric is its newest value."""
    newest: dict[str, tuple[int, int, bytes]] = {}
    for metric, layer, _tensor, epoch, step, value in run.metrics:
        if not layer and (epoch, step) >= newest.get(metric, (-1, -1, b""))[:2]:
            newest[metric] = epoch, step, value
    yield from (
        f"lists show an older {name}" for name in newest if run.last_metrics.get(name) != newest[name]
    )


def equal_captures(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """The same arrays at the same epochs, byte for byte; a stop by a person adds one whole capture, where it was."""
    yield from (f"capture {key} is missing" for key in twin.captures.keys() - run.captures.keys())
    for key in run.captures.keys() & twin.captures.keys():
        if run.captures[key] != twin.captures[key]:
            yield f"capture {key} differs from the twin's"
    more = run.captures.keys() - twin.captures.keys()
    stops = sum(change.state is RunState.STOPPED for change in run.states)
    if len({epoch for epoch, *_ in more}) > stops:
        yield from (f"capture {key} is not in the twin, and no stop explains it" for key in more)
    whole = {tuple(array) for _, *array in twin.captures}
    for epoch in {epoch for epoch, *_ in more}:
        if {tuple(array) for at, *array in more if at == epoch} != whole:
            yield f"the capture of the stop in epoch {epoch} is not whole"


def equal_arrays(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """The histograms and similarities of the twin, at the same steps, byte for byte."""
    if not twin.arrays:
        yield "its twin has none, so nothing is compared"
    yield from (f"{key} is missing" for key in sorted(twin.arrays.keys() - run.arrays.keys()))
    yield from (f"{key} is not in the twin" for key in sorted(run.arrays.keys() - twin.arrays.keys()))
    both = sorted(run.arrays.keys() & twin.arrays.keys())
    yield from (f"{key} differs from the twin's" for key in both if run.arrays[key] != twin.arrays[key])


def nothing_suspended(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Every metric of the inside was taken to the end, here and in peace."""
    yield from (f"{metric} was suspended: {why}" for metric, why in run.suspended)
    yield from (f"{metric} was suspended in its twin: {why}" for metric, why in twin.suspended)


def equal_checkpoint(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Weights, optimizer and generators at the end are those of the twin."""
    mine, other = run.checkpoint, twin.checkpoint
    if mine.trouble:
        yield f"its last checkpoint cannot be read: {mine.trouble}"
        return
    if mine.run_id != str(run.run_id):
        yield f"its last checkpoint is of run {mine.run_id}"
    if (mine.epochs_done, mine.batches_done) != (other.epochs_done, other.batches_done):
        yield f"its last checkpoint stands at epoch {mine.epochs_done}, the twin's at {other.epochs_done}"
    differing = [
        n for n in mine.arrays.keys() | other.arrays.keys() if mine.arrays.get(n) != other.arrays.get(n)
    ]
    yield from (f"array {name} of its last checkpoint differs from the twin's" for name in sorted(differing))


def listed_checkpoints_exist(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """What people are told of checkpoints is so."""
    for name, size in run.listed.items():
        if name not in run.files:
            yield f"checkpoint {name!r} is listed and not there"
        elif run.files[name] != size:
            yield f"checkpoint {name!r} has {run.files[name]} bytes, listed are {size}"


def equal_adaptations(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Each effective change of the learning rate is recorded once, as in the twin."""
    if run.adaptations != twin.adaptations:
        yield f"has {len(run.adaptations)} adaptations that are not the {len(twin.adaptations)} of its twin"


def possible_history(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Every change of state is one of the table; the last one is the state shown."""
    for before, after in pairwise(run.states):
        if (before.state, after.state) not in _POSSIBLE:
            yield f"went from {before.state} to {after.state}"
    if not run.states or run.states[-1].state is not run.state:
        yield f"is {run.state}, its history says otherwise"


def one_trainer_at_a_time(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Attempts follow each other: none speaks once a newer one has begun, and each begins once."""
    attempts = [change.attempt for change in run.states]
    if any(later < earlier for earlier, later in pairwise(attempts)):
        yield f"an older attempt spoke after a newer one: {attempts}"
    begun = [change.attempt for change in run.states if change.state is RunState.STARTING]
    if begun != list(range(1, run.attempt + 1)):
        yield f"attempts began as {begun}, the newest is {run.attempt}"


def settled_commands(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """Nobody waits for an answer from a run at rest."""
    if run.pending_commands and run.state not in AT_WORK:
        yield f"{run.pending_commands} commands are pending"


def whole_log(run: RunEvidence, twin: RunEvidence) -> Iterator[str]:
    """The lines of an attempt are numbered without a gap."""
    for attempt in {one for one, _ in run.log_lines}:
        lines = [line for one, line in run.log_lines if one == attempt]
        if lines != list(range(len(lines))):
            yield f"the log of attempt {attempt} has a gap"


RUN_RULES: tuple[RunRule, ...] = (
    ends_finished,
    at_rest_without_lease,
    every_value_once,
    equal_values,
    newest_value_listed,
    equal_captures,
    equal_arrays,
    nothing_suspended,
    equal_checkpoint,
    listed_checkpoints_exist,
    equal_adaptations,
    possible_history,
    one_trainer_at_a_time,
    settled_commands,
    whole_log,
)


def broken_by_run(run: RunEvidence, twin: RunEvidence) -> Iterator[Broken]:
    """Every rule that this run breaks, compared with its undisturbed twin."""
    for rule in RUN_RULES:
        yield from (Broken(rule.__name__, run.name, what) for what in rule(run, twin))


def broken_by_platform(evidence: PlatformEvidence) -> Iterator[Broken]:
    """Nothing is left behind: no record unacknowledged, no file of a deleted run, no process."""
    yield from (Broken("empty_spools", one, "its records were never acknowledged") for one in evidence.spools)
    yield from (Broken("no_files_of_deleted", one, "its files are left") for one in evidence.files_of_deleted)
    yield from (Broken("no_orphans", one, "the process is left") for one in evidence.orphans)
