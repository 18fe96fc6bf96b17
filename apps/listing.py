"""`nntracker ls`: runs as a table or as JSON, once or live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from apps.dashboard.words import duration
from apps.selection import Chosen
from apps.state_words import bar, state_text
from apps.tables import slim_table
from nntracker_ray.client.api import Api, RunPage
from nntracker_ray.client.following import changes
from nntracker_ray.client.reading import experiment_called, first_runs
from nntracker_ray.commands import Selection, parse_states
from nntracker_ray.plain_values import plain
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import RunRow

WIDE = 120  # columns of a terminal that has room for more than the essentials


def read_page(api: Api, chosen: Chosen, *, limit: int) -> RunPage:
    """The first runs that match, newest experiment first, then grid order.

    Raises: NotFoundError, BadInputError: An experiment that is not there; a state that is none.
    """
    states = parse_states(chosen.states)
    experiment_id = experiment_called(api, chosen.experiment) if chosen.experiment else None
    return first_runs(api, Selection(experiment_id=experiment_id, tag=chosen.tag, states=states), limit)


def list_runs(api: Api, chosen: Chosen, *, limit: int, as_json: bool, watch: bool) -> None:
    """Print the runs; with `watch` until Ctrl-C."""
    console = Console()
    if as_json:
        print(json.dumps(page_object(read_page(api, chosen, limit=limit)), indent=2, allow_nan=False))
    elif watch:
        _watch(api, chosen, limit, console)
    else:
        console.print(page_view(read_page(api, chosen, limit=limit), console))


def _watch(api: Api, chosen: Chosen, limit: int, console: Console) -> None:
    limit = min(limit, max(1, console.height - 5))
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        try:
            for _ in changes(api):
                live.update(page_view(read_page(api, chosen, limit=limit), console), refresh=True)
        except KeyboardInterrupt:
            return


def page_object(page: RunPage) -> dict[str, Any]:
    """A page as `nntracker ls --json` prints it."""
    return {"total": page.total, "runs": [run_object(row) for row in page.runs]}


def run_object(row: RunRow) -> dict[str, Any]:
    """A run as every `--json` prints it."""
    fields: dict[str, Any] = plain(asdict(row))
    return fields


def page_view(page: RunPage, console: Console) -> Group:
    """The page as a table that fits the terminal, and how much is not shown."""
    if not page.runs:
        return Group(Text("no such run; `nntracker run EXPERIMENT_FILE` makes some"))
    more = page.total - len(page.runs)
    note = [Text(f"{more} more; --limit raises the number shown", style="dim")] if more > 0 else []
    return Group(runs_table(page.runs, console), *note)


def runs_table(rows: Sequence[RunRow], console: Console, *, now: datetime | None = None) -> Table:
    """One line for each run; a wide terminal sees more of it."""
    now = now or datetime.now(UTC)
    wide = console.width >= WIDE
    metrics = _metrics_to_show(rows, wide=wide)
    table = slim_table()
    table.add_column("no", justify="right", no_wrap=True)
    table.add_column("run", overflow="fold", min_width=12)
    if wide:
        table.add_column("experiment", overflow="ellipsis", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("epochs", no_wrap=True)
    for metric in metrics:
        table.add_column(metric.replace("accuracy", "acc"), justify="right", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    if wide:
        table.add_column("tags", overflow="ellipsis", no_wrap=True)
    for row in rows:
        values = [format_value(row.metrics[name]) if name in row.metrics else "" for name in metrics]
        table.add_row(
            str(row.run_no),
            Text(row.name),
            *([Text(row.experiment)] if wide else []),
            state_text(row.state, console),
            f"{bar(row.epochs_done, row.total_epochs, console)} {row.epochs_done}/{row.total_epochs}",
            *values,
            age(row.created_at, now),
            *([Text(", ".join(row.tags))] if wide else []),
        )
    return table


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says enough.

    >>> age(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 4, 5, tzinfo=UTC))
    '3 d'
    """
    passed = now - since
    if passed.days >= 1:
        return f"{passed.days} d"
    return duration(passed)


def _metrics_to_show(rows: Sequence[RunRow], *, wide: bool) -> list[str]:
    names = ["loss", "val_loss", "accuracy", "val_accuracy"] if wide else ["loss", "accuracy"]
    present = {name for row in rows for name in row.metrics}
    return [name for name in names if name in present]
