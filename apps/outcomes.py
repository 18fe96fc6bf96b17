"""What has become of a command, for people and for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from apps.state_words import speaks_unicode
from apps.tables import slim_table
from nntracker_ray.commands import CommandRow, Outcome, Target
from nntracker_ray.plain_values import plain
from nntracker_ray.records import RunRow

MOST_LINES = 25  # a longer list is counted instead
_SIGNS: Final = {Outcome.DONE: ("✓", "+"), Outcome.PENDING: ("…", "."), Outcome.REFUSED: ("✗", "x")}
_COLOURS: Final = {Outcome.DONE: "green", Outcome.PENDING: "yellow", Outcome.REFUSED: "bold red"}


def command_object(row: CommandRow) -> dict[str, Any]:
    """A command as every `--json` prints it."""
    fields: dict[str, Any] = plain(asdict(row))
    return fields


def outcomes_view(row: CommandRow, console: Console, *, made: Mapping[UUID, RunRow] | None = None) -> Group:
    """A line for each run; for very many a line for each kind of outcome, and those that were refused.

    Args:
        made: The runs that a fork or a rerun has made, as far as they are known.
    """
    made = made or {}
    if len(row.targets) <= MOST_LINES:
        return Group(_each(row.targets, console, made))
    shown = row.refused[:MOST_LINES]
    more = len(row.refused) - len(shown)
    details = [_each(shown, console, made)] if shown else []
    note = [Text(f"{more} more were refused; --json lists them", style="dim")] if more else []
    return Group(_counted(row, console), *details, *note)


def _each(targets: tuple[Target, ...], console: Console, made: Mapping[UUID, RunRow]) -> Table:
    table = slim_table()
    table.add_column("run", overflow="fold", min_width=12)
    table.add_column("outcome", no_wrap=True)
    table.add_column("", overflow="fold")
    for target in targets:
        table.add_row(
            Text(target.run_name), _outcome_text(target.outcome, console), Text(_remark(target, made))
        )
    return table


def _counted(row: CommandRow, console: Console) -> Table:
    table = slim_table()
    table.add_column("runs", justify="right")
    table.add_column("outcome", no_wrap=True)
    table.add_column("", overflow="fold")
    for (outcome, why), count in Counter((one.outcome, one.why) for one in row.targets).most_common(
        MOST_LINES
    ):
        table.add_row(str(count), _outcome_text(outcome, console), Text(why))
    return table


def _outcome_text(outcome: Outcome, console: Console) -> Text:
    sign = _SIGNS[outcome][0 if speaks_unicode(console) else 1]
    return Text(f"{sign} {outcome.value}", style=_COLOURS[outcome])


def _remark(target: Target, made: Mapping[UUID, RunRow]) -> str:
    if target.new_run_id is None:
        return target.why
    run = made.get(target.new_run_id)
    new = f"new run {run.run_no}: {run.name}" if run else f"new run {target.new_run_id}"
    return "; ".join(filter(None, (target.why, new)))
