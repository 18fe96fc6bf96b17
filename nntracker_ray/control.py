"""Acting on runs: the one way in for every door. The database decides; here is what needs the disk as well."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb, checked_arguments
from nntracker_ray.errors import ConflictError
from nntracker_ray.following import follow_command
from nntracker_ray.home import Home
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import queries
from nntracker_ray.storage.command_queries import find_command
from nntracker_ray.storage.command_writes import submit_command
from nntracker_ray.storage.connection import Database, named_dsn
from nntracker_ray.sweeping import remove_files_of_deleted


def command(
    database: Database,
    home: Home,
    *,
    actor_id: UUID,
    by: str,
    verb: Verb,
    selection: Selection,
    arguments: Mapping[str, JsonValue] | None = None,
    key: str | None = None,
) -> CommandRow:
    """Ask something of runs, and do at once what can be done: `submit_command` says how, and what it raises.

    Files follow: a fork's beginning is kept aside, a paused run that is stopped gets its last capture from its
    checkpoint, and what a deleted run had is removed; with a database of its own address by the run manager.
    """
    from nntracker_ray.command_files import follow_up, keep_beginning
    from nntracker_ray.fork_files import ForkFiles

    files = ForkFiles(home)
    try:
        with database.connection() as conn:
            row = submit_command(
                conn,
                actor_id=actor_id,
                by=by,
                verb=verb,
                selection=selection,
                arguments=_read(verb, arguments or {}, home),
                key=key,
                new_run=lambda conn, run_id: keep_beginning(conn, files, run_id),
                follow_up=lambda conn, row: follow_up(conn, home, row),
            )
    except ConflictError:
        # Not when the connection broke: then the forks may well be there.
        files.discard()
        raise
    if verb is Verb.DELETE and named_dsn() is None:
        # A database with an address has its files on other machines: the run manager removes them, and says so.
        # Of these runs alone: places that hinder the deletions of others are the run manager's business.
        gone = [target.run_id for target in row.targets if target.outcome is Outcome.DONE]
        remove_files_of_deleted(database, home, gone)
    return row


def repeated_command(
    database: Database,
    home: Home,
    *,
    actor_id: UUID,
    verb: Verb,
    arguments: Mapping[str, JsonValue],
    key: str,
    said: str,
) -> CommandRow | None:
    """The command that `command` has made of the same words and key; None when they are new.

    Raises: ConflictError: The key was used for another verb or with other arguments.
    """
    given = checked_arguments(verb, _read(verb, arguments, home))
    with database.connection() as conn:
        return queries.repeated_command(
            conn, actor_id=actor_id, key=key, verb=verb, arguments=given, said=said
        )


def await_command(database: Database, *, actor_id: UUID, command_id: UUID, timeout_s: float) -> CommandRow:
    """Wait until a command is settled for every run. Returns it as it stands then, or at the timeout.

    Raises: NotFoundError: No such command, or not the owner's.
    """
    ends_at_s = time.monotonic() + timeout_s
    row = _look(database, actor_id, command_id)
    if row.is_settled or timeout_s <= 0:
        return row
    with suppress(_TimeIsUp):
        for seen in follow_command(
            database, actor_id=actor_id, command_id=command_id, on_silence=lambda: _look_at_clock(ends_at_s)
        ):
            row = seen
            _look_at_clock(ends_at_s)
    return row


class _TimeIsUp(Exception):  # noqa: N818 (not an error: the way out of a wait)
    pass


def _look_at_clock(ends_at_s: float) -> None:
    if time.monotonic() >= ends_at_s:
        raise _TimeIsUp


def _read(verb: Verb, arguments: Mapping[str, JsonValue], home: Home) -> Mapping[str, JsonValue]:
    if verb is not Verb.FORK:
        return arguments
    from nntracker_ray.forking import read_arguments
    from nntracker_ray.models.catalog import load_catalog

    return read_arguments(checked_arguments(verb, arguments), catalog=load_catalog(home))


def _look(database: Database, actor_id: UUID, command_id: UUID) -> CommandRow:
    with database.connection() as conn:
        return find_command(conn, actor_id=actor_id, command_id=command_id)
