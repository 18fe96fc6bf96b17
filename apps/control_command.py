"""pause, resume, stop, rm, extend, fork, rerun, prioritise: ask, wait for the outcome, and say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from rich.console import Console
from rich.live import Live
from rich.text import Text

from apps.deletion import confirmed
from apps.opened_platform import has_named_database, is_own, open_api
from apps.outcomes import command_object, outcomes_view
from apps.selection import Chosen, selection_of
from nntracker_ray.client.api import Api
from nntracker_ray.client.asking import delete_runs, give_command
from nntracker_ray.client.following import follow_command
from nntracker_ray.client.reading import select_runs
from nntracker_ray.commands import CommandRow, Selection, Verb
from nntracker_ray.errors import UnconfirmedError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import is_kept_up
from nntracker_ray.records import JsonValue, RunRow

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


def carry_out(home: Home, order: Order) -> int:
    """Give the command and print its outcome. Returns: the process's exit code."""
    with open_api(home) as api:
        row = _given(api, order)
        if row is None:
            print("nothing was deleted")
            return EXIT_REFUSED
        if order.wait_s and not row.is_settled:
            row = _waited(api, home, row, order.wait_s)
        _print_outcome(api, row, as_json=order.as_json)
    still_pending = order.wait_s > 0 and not row.is_settled
    return EXIT_REFUSED if row.refused or still_pending else EXIT_OK


def _given(api: Api, order: Order) -> CommandRow | None:
    """The command that was given, or that it repeats; None when it was to be confirmed and was not."""
    selection = selection_of(order.chosen)
    if order.verb is not Verb.DELETE:
        return give_command(api, order.verb, selection, arguments=order.arguments, key=order.key)
    try:
        # Without a confirmation it deletes nothing; with a key it may have been carried out already.
        return give_command(api, order.verb, selection, key=order.key)
    except UnconfirmedError:
        shown = selection if order.confirmed else confirmed(api, selection)
    return None if shown is None else delete_runs(api, shown, key=order.key)


def _waited(api: Api, home: Home, row: CommandRow, wait_s: float) -> CommandRow:
    """The command once nothing is pending, or when the time is over, or when nobody is there to carry it out."""
    console = Console(stderr=True)
    if is_own(api) and not has_named_database() and not is_kept_up(home):
        console.print("no platform runs on this data folder: it is carried out once `nntracker start` ran")
        return row
    current = row
    with Live(console=console, transient=True, auto_refresh=False) as live, suppress(KeyboardInterrupt):
        for current in follow_command(api, command_id=row.command_id, timeout_s=wait_s):
            live.update(outcomes_view(current, console), refresh=True)
    if not current.is_settled:
        console.print(Text("still pending; it goes on without this command line", style="yellow"))
    return current


def _print_outcome(api: Api, row: CommandRow, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(command_object(row), indent=2, allow_nan=False))
    else:
        console = Console()
        console.print(outcomes_view(row, console, made=_made(api, row)))


def _made(api: Api, row: CommandRow) -> dict[UUID, RunRow]:
    ids = tuple(one.new_run_id for one in row.targets if one.new_run_id)
    return {one.run_id: one for one in select_runs(api, Selection(run_ids=ids))} if ids else {}
