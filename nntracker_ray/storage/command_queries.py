"""Commands as they stand, and the runs that a selection means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from nntracker_ray.commands import CommandRow, Outcome, Selection, Target, Verb
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def find_command(conn: Connection, *, actor_id: UUID, command_id: UUID) -> CommandRow:
    """One command. Raises: NotFoundError: No such command, or not the actor's."""
    rows = _rows(conn, actor_id=actor_id, command_id=command_id, run_id=None, limit=1, offset=0)
    if not rows:
        raise NotFoundError(f"no command {command_id}")
    return rows[0]


def has_command(conn: Connection, *, actor_id: UUID, key: str) -> bool:
    """Whether the actor has sent a command with this key."""
    return conn.execute(query("command_of_key"), {"actor_id": actor_id, "key": key}).fetchone() is not None


def repeated_command(
    conn: Connection, *, actor_id: UUID, key: str, verb: Verb, arguments: Mapping[str, JsonValue], said: str
) -> CommandRow | None:
    """The command that was sent with this key in these words; None if the key is new, or the words are others.

    Its words need not be understood for that: the runs that they named may be gone by its own doing.

    Raises: ConflictError: The key was used for another verb or with other arguments.
    """
    known = conn.execute(query("command_of_key"), {"actor_id": actor_id, "key": key}).fetchone()
    if known is None:
        return None
    command_id, known_verb, known_arguments, selection = known
    if (known_verb, json_values.loads(known_arguments)) != (verb.value, arguments):
        raise ConflictError(another_command(key, known_verb))
    if json_values.loads(selection).get("said") != said:
        return None
    return find_command(conn, actor_id=actor_id, command_id=command_id)


def another_command(key: str, verb: str) -> str:
    """What to say when a key comes again with something else."""
    return f"the key {key!r} belongs to another command ({verb}); use a new key for each command"


def list_commands(
    conn: Connection, *, actor_id: UUID, run_id: UUID | None = None, limit: int = 100, offset: int = 0
) -> list[CommandRow]:
    """A page of the actor's commands, the newest first.

    Args:
        run_id: Only those of this run, and of their targets this run alone. It may be deleted since.
        offset: Rows to skip.
    """
    return _rows(conn, actor_id=actor_id, command_id=None, run_id=run_id, limit=limit, offset=offset)


def selected_run_nos(conn: Connection, *, actor_id: UUID, selection: Selection) -> list[int]:
    """Numbers of the runs that the actor may act on and that match every part given, in order.

    By a tag alone an administrator reaches the runs that are theirs or shared with them, not everybody's.
    """
    rows = conn.execute(query("selected_runs"), {"actor_id": actor_id, **selection_values(selection)})
    return [run_no for (run_no,) in rows]


def selection_values(selection: Selection) -> dict[str, Any]:
    """The selection as parameters of a statement: None for a part that was not given."""
    return {
        "run_ids": list(selection.run_ids) or None,
        "experiment_id": selection.experiment_id,
        "tag": selection.tag,
        "states": [state.value for state in selection.states] or None,
    }


def _rows(conn: Connection, **values: Any) -> list[CommandRow]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return [_command_row(row) for row in cursor.execute(query("list_commands"), values)]


def _command_row(row: dict[str, Any]) -> CommandRow:
    return CommandRow(
        command_id=row["command_id"],
        verb=Verb(row["verb"]),
        arguments=json_values.loads(row["arguments"]),
        by=row["by"],
        created_at=row["created_at"],
        targets=_targets(row),
        key=row["key"],
    )


def _targets(row: dict[str, Any]) -> tuple[Target, ...]:
    names = ("run_ids", "run_names", "outcomes", "whys", "new_run_ids")
    columns = (row[name] or () for name in names)
    return tuple(
        Target(run_id, run_name, Outcome(outcome), why, new_run_id)
        for run_id, run_name, outcome, why, new_run_id in zip(*columns, strict=True)
    )
