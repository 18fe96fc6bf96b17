"""pause, resume, stop, rm, extend, fork, rerun, prioritise: ask, wait for the outcome, and say it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from rich.console import Console
from rich.live import Live
from rich.text import Text

from apps.deletion import confirmed
from apps.opened_database import open_session
from apps.outcomes import command_object, outcomes_view
from apps.selection import Chosen, selection_of
from nntracker_ray import control
from nntracker_ray.commands import CommandRow, Selection, Verb
from nntracker_ray.following import follow_command
from nntracker_ray.home import Home
from nntracker_ray.platform_file import is_kept_up
from nntracker_ray.records import JsonValue, RunRow
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import named_dsn

EXIT_OK, EXIT_REFUSED = 0, 1


@dataclass(frozen=True, slots=True)
class Order:
    """A command as it was given on the command line."""

    verb: Verb
    chosen: Chosen
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    key: str | None = None
    wait_s: float = 0.0  # how long to wait for the outcome
    confirmed: bool = True  # False: ask first
    as_json: bool = False


class _WaitedEnough(Exception):  # noqa: N818  (it ends a wait and is no error)
    pass


def carry_out(home: Home, order: Order) -> int:
    """Give the command and print its outcome. Returns: the process's exit code."""
    with open_session(home) as session:
        row = _repeated(session, order) or _given(session, order)
        if row is None:
            print("nothing was deleted")
            return EXIT_REFUSED
        if order.wait_s and not row.is_settled:
            row = _waited(session, row, order.wait_s)
        _print_outcome(session, row, as_json=order.as_json)
    still_pending = order.wait_s > 0 and not row.is_settled
    return EXIT_REFUSED if row.refused or still_pending else EXIT_OK


def _repeated(session: Session, order: Order) -> CommandRow | None:
    """The command of which this one is the repetition, known by its key and its words."""
    if order.key is None:
        return None
    return control.repeated_command(
        session.database,
        session.home,
        actor_id=session.user_id,
        verb=order.verb,
        arguments=order.arguments,
        key=order.key,
        said=order.chosen.said,
    )


def _given(session: Session, order: Order) -> CommandRow | None:
    """The command that was given; None when it was to be confirmed and was not."""
    selection = selection_of(session, order.chosen)
    shown = selection if order.confirmed else confirmed(session, selection)
    if shown is None:
        return None
    return control.command(
        session.database,
        session.home,
        actor_id=session.user_id,
        by=session.user,
        verb=order.verb,
        selection=shown,
        arguments=order.arguments,
        key=order.key,
    )


def _waited(session: Session, row: CommandRow, wait_s: float) -> CommandRow:
    """The command once nothing is pending, or when the time is over, or when nobody is there to carry it out."""
    console = Console(stderr=True)
    if not named_dsn() and not is_kept_up(session.home):
        console.print("no platform runs on this data folder: it is carried out once `nntracker start` ran")
        return row
    until = time.monotonic() + wait_s
    current = row
    follow = follow_command(
        session.database,
        actor_id=session.user_id,
        command_id=row.command_id,
        on_silence=lambda: _give_up_after(until),
    )
    with (
        Live(console=console, transient=True, auto_refresh=False) as live,
        suppress(_WaitedEnough, KeyboardInterrupt),
    ):
        for current in follow:
            live.update(outcomes_view(current, console), refresh=True)
    if not current.is_settled:
        console.print(Text("still pending; it goes on without this command line", style="yellow"))
    return current


def _give_up_after(until: float) -> None:
    if time.monotonic() > until:
        raise _WaitedEnough


def _print_outcome(session: Session, row: CommandRow, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(command_object(row), indent=2, allow_nan=False))
    else:
        console = Console()
        console.print(outcomes_view(row, console, made=_made(session, row)))


def _made(session: Session, row: CommandRow) -> dict[UUID, RunRow]:
    ids = tuple(one.new_run_id for one in row.targets if one.new_run_id)
    if not ids:
        return {}
    with session.database.connection() as conn:
        rows = queries.select_runs(conn, viewer_id=session.user_id, selection=Selection(run_ids=ids))
    return {one.run_id: one for one in rows}
