"""New runs made from others: forks and reruns, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from nntracker_ray import forked_spec, forking
from nntracker_ray.errors import BadInputError
from nntracker_ray.forking import Beginning, Kind
from nntracker_ray.records import JsonValue, RunSpec, from_json, to_json
from nntracker_ray.storage import json_values
from nntracker_ray.storage.child_configurations import ChildConfigurations
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.visible import no_such_run


def fork_run(
    conn: Connection,
    *,
    actor_id: UUID,
    run_id: UUID,
    by: str,
    arguments: Mapping[str, JsonValue],
    command_id: UUID | None = None,
    configurations: ChildConfigurations | None = None,
) -> tuple[UUID, str]:
    """Queue a run that goes on from a checkpoint of this one with changed values.

    Args:
        arguments: From `forking.read_arguments`.
        command_id: The command behind it, for the history.
        configurations: One for all the runs that are made in a transaction: then relatives are read once.
    Returns: Id and name of the fork.
    Raises:
        NotFoundError: No such run or not the owner's, or it keeps no such checkpoint.
        ConflictError: It keeps no checkpoint, or the one chosen does not allow the changes.
        BadInputError: The arguments are not those of a fork.
    """
    wanted, changes = forking.checked_arguments(arguments)
    parent = _locked(conn, actor_id, run_id)
    beginning = forking.chosen_checkpoint(parent.checkpoints, wanted)
    spec = forked_spec.forked(parent.spec, changes, beginning)
    content = [beginning.checkpoint, beginning.steps_done, changes.canonical()]
    why = f"forked from {parent.name!r} at checkpoint {beginning.checkpoint!r}, epoch {beginning.epochs_done}"
    child = _Child(
        Kind.FORK, spec, beginning.epochs_done, beginning.steps_done, content, by, _with(why, command_id)
    )
    name = changes.name if "name" in changes.given else None
    return _insert(conn, parent, child, name, configurations or ChildConfigurations(conn))


def rerun_run(
    conn: Connection,
    *,
    actor_id: UUID,
    run_id: UUID,
    by: str,
    arguments: Mapping[str, JsonValue] | None = None,
    command_id: UUID | None = None,
    configurations: ChildConfigurations | None = None,
) -> tuple[UUID, str]:
    """Queue a run of the same specification and seed; of a fork, one from the same beginning.

    Returns: Id and name of the rerun.
    Raises:
        NotFoundError: No such run, or not the owner's.
        BadInputError: Arguments came; a rerun has none.
    """
    if arguments:
        raise BadInputError(
            f"a rerun takes no arguments; came {', '.join(arguments)}. To change values, fork"
        )
    parent = _locked(conn, actor_id, run_id)
    spec, why = forked_spec.rerun(parent.spec), f"a rerun of {parent.name!r}"
    child = _Child(
        Kind.RERUN, spec, parent.inherited_epochs, parent.inherited_steps, None, by, _with(why, command_id)
    )
    return _insert(conn, parent, child, None, configurations or ChildConfigurations(conn))


def place_fork(conn: Connection, *, run_id: UUID, beginning: Beginning) -> None:
    """Correct where a fork goes on to what the file kept for it says.

    Its parent may have written a later checkpoint since it reported the one that was chosen.
    """
    values = {"run_id": run_id, "epochs": beginning.epochs_done, "steps": beginning.steps_done}
    row = conn.execute(query("place_fork"), values).fetchone()
    if row is not None:
        conn.execute(query("forget_inherited_last_metrics"), {"run_no": row[0]})
        conn.execute(query("inherit_last_metrics"), {"run_no": row[0]})


def correct_fork(conn: Connection, run_no: int) -> None:
    """Let the row of a fork say where it really begins, as its fact "forked_from" does; mostly it says so already."""
    row = conn.execute(query("correct_fork"), {"run_no": run_no}).fetchone()
    if row is not None:
        conn.execute(query("forget_inherited_last_metrics"), {"run_no": run_no})
        conn.execute(query("inherit_last_metrics"), {"run_no": run_no})


@dataclass(frozen=True, slots=True)
class _Parent:
    run_no: int
    name: str
    spec: RunSpec
    inherited_epochs: int | None
    inherited_steps: int | None
    checkpoints: Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class _Child:
    kind: Kind
    spec: RunSpec  # id, name and configuration index are still the parent's
    inherited_epochs: int | None
    inherited_steps: int | None
    content: JsonValue  # what tells it from its siblings
    by: str
    why: str


def _locked(conn: Connection, actor_id: UUID, run_id: UUID) -> _Parent:
    row = conn.execute(query("lock_parent"), {"actor_id": actor_id, "run_id": run_id}).fetchone()
    if row is None:
        raise no_such_run(run_id)
    run_no, name, spec, epochs, steps, checkpoints = row
    return _Parent(
        run_no, name, from_json(RunSpec, spec), epochs, steps, json_values.loads(checkpoints) or []
    )


def _insert(
    conn: Connection,
    parent: _Parent,
    child: _Child,
    name: str | None,
    configurations: ChildConfigurations,
) -> tuple[UUID, str]:
    names = _names_of_children(conn, parent, child.kind)
    run_id, number = _free_id(conn, parent, child, forking.child_number(parent.name, child.kind, names))
    spec = replace(
        child.spec,
        run_id=run_id,
        name=name or forking.child_name(parent.name, child.kind, number),
        configuration_index=configurations.assign(child.spec, child.kind),
        origin=child.spec.origin and replace(child.spec.origin, run_no=parent.run_no),
    )
    row = conn.execute(query("insert_child"), _values(spec, parent, child)).fetchone()
    if row is not None and child.inherited_steps is not None:
        conn.execute(query("inherit_last_metrics"), {"run_no": row[0]})
    return run_id, spec.name


def _names_of_children(conn: Connection, parent: _Parent, kind: Kind) -> list[str]:
    values = {"parent_no": parent.run_no, "origin": kind}
    return [name for (name,) in conn.execute(query("names_of_children"), values)]


def _free_id(conn: Connection, parent: _Parent, child: _Child, number: int) -> tuple[UUID, int]:
    """The id under the first number that no run has or had: a deleted run's id never comes back."""
    while True:
        run_id = forking.child_id(parent.spec.run_id, child.kind, child.content, number)
        row = conn.execute(query("known_run_id"), {"run_id": run_id}).fetchone()
        if row is None or not row[0]:
            return run_id, number
        number += 1


def _values(spec: RunSpec, parent: _Parent, child: _Child) -> dict[str, JsonValue]:
    return {
        "run_id": spec.run_id,
        "parent_no": parent.run_no,
        "name": spec.name,
        "configuration_index": spec.configuration_index,
        "spec": to_json(spec),
        "cpu": spec.resources.cpu,
        "gpu": spec.resources.gpu,
        "total_epochs": spec.total_epochs,
        "priority": spec.priority,
        "tags": list(spec.tags),
        "origin": child.kind,
        "inherited_epochs": child.inherited_epochs,
        "inherited_steps": child.inherited_steps,
        "by": child.by,
        "why": child.why,
    }


def _with(why: str, command_id: UUID | None) -> str:
    return why if command_id is None else f"{why} (command {str(command_id)[:8]})"
