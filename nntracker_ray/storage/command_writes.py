"""What people ask of runs, carried out as far as can be at once: one transaction for any number of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from nntracker_ray.commands import (
    CommandRow,
    Decision,
    Outcome,
    Selection,
    Target,
    Verb,
    as_json,
    checked_arguments,
    decide,
    is_said_again,
    nothing_matches,
    require_parts,
)
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.records import JsonValue, RunState
from nntracker_ray.states import WITHOUT_TRAINER
from nntracker_ray.storage import command_effects as effects
from nntracker_ray.storage import json_values
from nntracker_ray.storage.child_configurations import ChildConfigurations
from nntracker_ray.storage.command_queries import another_command, find_command, selected_run_nos
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.data_rights import within_data_rights
from nntracker_ray.storage.deadlocks import despite_deadlocks
from nntracker_ray.storage.deletion_writes import delete_runs
from nntracker_ray.storage.run_locks import LockedRun, lock_experiments, lock_runs
from nntracker_ray.storage.share_writes import lock_queues, owners_of, within_queue_limits
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.state_writes import leave_without_trainer, set_states

SILENT_S = (
    60.0  # a run at work that was not heard of for so long is shown, and commanded, as one without trainer
)

AT_ONCE = Decision(Outcome.DONE)
MAKING = frozenset({Verb.FORK, Verb.RERUN})  # verbs that add runs to the experiment

FollowUp: TypeAlias = Callable[[Connection, CommandRow], None]
NewRun: TypeAlias = Callable[[Connection, UUID], None]


@dataclass(frozen=True, slots=True)
class _Order:
    """A command that is being carried out."""

    command_id: UUID
    actor_id: UUID
    by: str
    verb: Verb
    arguments: dict[str, JsonValue]
    new_run: NewRun


def submit_command(
    conn: Connection,
    *,
    actor_id: UUID,
    by: str,
    verb: Verb,
    selection: Selection,
    arguments: Mapping[str, JsonValue] | None = None,
    key: str | None = None,
    new_run: NewRun = lambda _conn, _run_id: None,
    follow_up: FollowUp | None = None,
) -> CommandRow:
    """Carry out a command for every run selected: what can be done at once is done, the rest is asked of the trainers.

    A run at work that has not been heard of for a minute counts as left by its trainer: the command then acts on
    what it has become. Nothing is changed when this raises.

    Args:
        by: Who asks, by name; kept in the history of each run.
        arguments: As `Verb` says.
        key: Chosen by the sender. The same key again returns the first command's row and changes nothing.
        new_run: Called in the same transaction with the id of each fork and rerun that is made. ConflictError refuses
            that one.
        follow_up: Called in the same transaction with the row of a new command.
    Raises:
        BadInputError: The arguments do not fit the verb, or the selection is empty.
        NotFoundError: No run that the actor may act on matches.
        ConflictError: The key was used for another command; or more runs would wait than may.
    """
    require_parts(selection)
    given = checked_arguments(verb, arguments or {})

    def carry_out() -> CommandRow:
        command_id = _note_command(conn, actor_id, by, verb, selection, given, key)
        if command_id is None:
            return _same_command(conn, actor_id, verb, selection, given, str(key))
        return _submit(conn, _Order(command_id, actor_id, by, verb, given, new_run), selection, follow_up)

    # In a savepoint: who catches an error and goes on with the connection must not commit half a command.
    return despite_deadlocks(conn, carry_out)


def _submit(conn: Connection, order: _Order, selection: Selection, follow_up: FollowUp | None) -> CommandRow:
    run_nos = selected_run_nos(conn, actor_id=order.actor_id, selection=selection)
    owners = owners_of(conn, run_nos)
    lock_queues(conn, owners)  # before any run: two commands must not wait for each other
    runs, gone = _lock(conn, order, selection, run_nos)
    if not (runs or gone):
        raise NotFoundError(nothing_matches(selection))
    # Not around the locking: a run whose trainer is gone waits already, and is no more than was there.
    with within_queue_limits(conn, owner_ids=owners):
        done = _carry_out(conn, order, runs)
    targets = done | {run.run_no: _target_gone(run, order.verb) for run in gone}
    _note_targets(conn, order, [*runs, *gone], targets)
    row = find_command(conn, actor_id=order.actor_id, command_id=order.command_id)
    if follow_up is not None:
        follow_up(conn, row)
    return row


def _note_command(
    conn: Connection,
    actor_id: UUID,
    by: str,
    verb: Verb,
    selection: Selection,
    arguments: Mapping[str, JsonValue],
    key: str | None,
) -> UUID | None:
    """The new command's id; None when the key is known. Waits while somebody else sends the same key."""
    values = {"actor_id": actor_id, "by": by, "verb": verb.value, "key": key}
    texts = {
        "arguments": json_values.dumps(arguments),
        "selection": json_values.dumps(as_json(selection)),
    }
    row = conn.execute(query("insert_command"), {**values, **texts}).fetchone()
    return row[0] if row else None


def _same_command(
    conn: Connection,
    actor_id: UUID,
    verb: Verb,
    selection: Selection,
    arguments: Mapping[str, JsonValue],
    key: str,
) -> CommandRow:
    row = conn.execute(query("command_of_key"), {"actor_id": actor_id, "key": key}).fetchone()
    assert row is not None, "its key was refused just now"  # noqa: S101 - for the type checker
    command_id, known_verb, known_arguments, stored = row
    same = (known_verb, json_values.loads(known_arguments)) == (verb.value, arguments)
    if not (same and is_said_again(selection, json_values.loads(stored))):
        raise ConflictError(another_command(key, known_verb))
    return find_command(conn, actor_id=actor_id, command_id=command_id)


def _lock(
    conn: Connection, order: _Order, selection: Selection, run_nos: Sequence[int]
) -> tuple[list[LockedRun], list[LockedRun]]:
    """The runs that are meant; and those that went only now, because their deletion waited for a dead trainer."""
    if order.verb in MAKING:
        lock_experiments(conn, run_nos)
    runs, gone = lock_runs(conn, run_nos, to_delete=order.verb is Verb.DELETE), []
    if silent := [run for run in runs if run.silent_for_s > SILENT_S]:
        leave_without_trainer(conn, silent, why=f"its trainer was silent for {SILENT_S:g} s")
        runs = lock_runs(conn, run_nos)
        left = {run.run_no for run in runs}
        gone = [replace(run, state=WITHOUT_TRAINER[run.state]) for run in silent if run.run_no not in left]
    return _in_states(runs, selection), _in_states(gone, selection)


def _in_states(runs: Sequence[LockedRun], selection: Selection) -> list[LockedRun]:
    """Somebody may have changed one before it was locked."""
    return [run for run in runs if not selection.states or run.state in selection.states]


def _carry_out(conn: Connection, order: _Order, runs: Sequence[LockedRun]) -> dict[int, Target]:
    """What becomes of each run, by its number."""
    said = {run.run_no: decide(order.verb, run.state) for run in runs}
    decided = within_data_rights(conn, order.verb, said)
    targets = {run.run_no: _target(run, decided[run.run_no]) for run in runs}
    accepted = [run for run in runs if decided[run.run_no].outcome is not Outcome.REFUSED]
    run_nos = [run.run_no for run in accepted]
    match order.verb:
        case verb if verb in MAKING:
            targets |= _new_runs(conn, order, accepted)
        case Verb.EXTEND:
            effects.extend(conn, [run.run_id for run in accepted], epochs=order.arguments["epochs"])
        case Verb.PRIORITISE:
            effects.prioritise(conn, run_nos, priority=order.arguments["priority"])
        case Verb.PAUSE:
            effects.drop_holds(conn, run_nos)
        case Verb.DELETE:
            delete_runs(conn, [run_no for run_no in run_nos if decided[run_no] == AT_ONCE], by=order.by)
    for state, run_nos in _by_new_state(decided).items():
        set_states(conn, run_nos, state, by=order.by, why=_why(order))
    return targets


def _target(run: LockedRun, decision: Decision) -> Target:
    return Target(run.run_id, run.name, decision.outcome, decision.why, None)


def _target_gone(run: LockedRun, verb: Verb) -> Target:
    refused = Decision(Outcome.REFUSED, why="it was to be deleted, and is gone now")
    return _target(run, AT_ONCE if verb is Verb.DELETE else refused)


def _new_runs(conn: Connection, order: _Order, parents: Sequence[LockedRun]) -> dict[int, Target]:
    targets, configurations = {}, ChildConfigurations(conn)
    for parent in parents:
        target = _target(parent, Decision(Outcome.DONE))
        try:
            with conn.transaction():
                new_run_id, _ = effects.new_run(
                    conn,
                    verb=order.verb,
                    actor_id=order.actor_id,
                    run_id=parent.run_id,
                    by=order.by,
                    arguments=order.arguments,
                    command_id=order.command_id,
                    configurations=configurations,
                )
                order.new_run(conn, new_run_id)
            targets[parent.run_no] = replace(target, new_run_id=new_run_id)
        except (ConflictError, NotFoundError) as refusal:
            targets[parent.run_no] = replace(target, outcome=Outcome.REFUSED, why=str(refusal))
    return targets


def _by_new_state(decided: Mapping[int, Decision]) -> dict[RunState, list[int]]:
    by_state: dict[RunState, list[int]] = defaultdict(list)
    for run_no, decision in decided.items():
        if decision.state is not None:
            by_state[decision.state].append(run_no)
    return by_state


def _why(order: _Order) -> str:
    if order.verb is Verb.EXTEND:
        return f"extended by {order.arguments['epochs']} epochs"
    return f"{order.verb} was asked for"


def _note_targets(
    conn: Connection, order: _Order, runs: Sequence[LockedRun], targets: Mapping[int, Target]
) -> None:
    rows = [targets[run.run_no] for run in runs]
    values = {
        "command_id": order.command_id,
        "run_nos": [run.run_no for run in runs],
        "run_ids": [row.run_id for row in rows],
        "run_names": [row.run_name for row in rows],
        "outcomes": [row.outcome.value for row in rows],
        "whys": [row.why for row in rows],
        "new_run_ids": [row.new_run_id for row in rows],
    }
    conn.execute(query("insert_targets"), values)
