"""`nntracker top`: hardware, queue and runs at work, live; once with `--json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from apps.dashboard.words import duration
from apps.ray_resources import InUse, ray_resources
from apps.state_words import bar, state_text
from apps.tables import slim_table
from nntracker_ray.client.api import Api
from nntracker_ray.client.following import changes
from nntracker_ray.home import Home
from nntracker_ray.plain_values import plain
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import RunState


@dataclass(frozen=True, slots=True)
class StateTally:
    """The runs in one state."""

    runs: int
    cpu: float  # cores that they ask for, together
    gpu: float


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A run that a trainer has now."""

    run_no: int
    run_id: UUID
    name: str
    experiment: str
    state: RunState
    cpu: float  # cores it holds
    gpu: float
    epochs_done: int
    total_epochs: int
    steps_done: int
    started_at: datetime | None  # UTC: this attempt
    seconds_an_epoch: float | None  # of the last epoch
    steps_a_second: float | None
    seconds_left: float | None  # at the pace of the last epoch


@dataclass(frozen=True, slots=True)
class _Queue:
    states: dict[RunState, StateTally]
    work: list[WorkRow]


@dataclass(frozen=True, slots=True)
class Work:
    """What is going on at one moment."""

    hardware: Mapping[str, InUse] | None  # as Ray says; None when Ray does not answer
    tallies: Mapping[RunState, StateTally]
    rows: Sequence[WorkRow]

    @property
    def held(self) -> dict[str, float]:
        """What the runs at work hold, as the database says."""
        return {"CPU": sum(row.cpu for row in self.rows), "GPU": sum(row.gpu for row in self.rows)}


def watch_work(api: Api, home: Home | None, *, as_json: bool) -> None:
    """Show it until Ctrl-C; once as JSON, and once where there is no terminal.

    Args:
        home: The data folder whose Ray is asked for its hardware; None where the platform is elsewhere.
    """
    console = Console()
    if as_json:
        print(json.dumps(work_object(read_work(api, home)), indent=2, allow_nan=False))
    elif not console.is_terminal:
        console.print(work_view(read_work(api, home), console))
    else:
        _watch(api, home, console)


def read_work(api: Api, home: Home | None) -> Work:
    """Ask Ray and the platform."""
    told = api.read(_Queue, "/api/queue")
    return Work(ray_resources(home) if home else None, told.states, told.work)


def _watch(api: Api, home: Home | None, console: Console) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live, suppress(KeyboardInterrupt):
        for _ in changes(api):
            live.update(work_view(read_work(api, home), console), refresh=True)


def work_object(work: Work) -> dict[str, Any]:
    """The moment as `nntracker top --json` prints it."""
    rows = [asdict(row) for row in work.rows]
    hardware = None if work.hardware is None else {name: asdict(one) for name, one in work.hardware.items()}
    fields: dict[str, Any] = plain(
        {
            "ray": hardware,
            "held_by_runs": work.held,
            "states": {state.value: tally.runs for state, tally in work.tallies.items()},
            "runs": rows,
        }
    )
    return fields


def work_view(work: Work, console: Console) -> Group:
    """The moment as one screen."""
    return Group(_hardware_view(work, console), _states_view(work, console), _rows_view(work.rows, console))


def _hardware_view(work: Work, console: Console) -> Text:
    if work.hardware is None:
        held = "  ".join(f"{name} {amount:g}" for name, amount in work.held.items())
        return Text.assemble(("Ray does not answer", "yellow"), f"; runs hold {held} as the database says")
    shown = (
        f"{name} {bar(round(one.used * 100), round(one.total * 100), console, width=20)} {one.used:g} of {one.total:g}"
        for name, one in work.hardware.items()
    )
    return Text("   ".join(shown) or "no hardware", style="bold")


def _states_view(work: Work, console: Console) -> Text:
    parts = [
        Text.assemble(state_text(state, console), f" {work.tallies[state].runs}")
        for state in RunState
        if state in work.tallies
    ]
    return Text("   ").join(parts) if parts else Text("no runs yet")


def _rows_view(rows: Sequence[WorkRow], console: Console) -> Table | Text:
    if not rows:
        return Text("\nnothing is at work", style="dim")
    table = slim_table()
    table.add_column("no", justify="right", no_wrap=True)
    table.add_column("run", overflow="fold", min_width=12)
    for heading in ("state", "epochs"):
        table.add_column(heading, no_wrap=True)
    for heading in ("steps/s", "left", "CPU", "GPU"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        left = None if row.seconds_left is None else timedelta(seconds=row.seconds_left)
        table.add_row(
            str(row.run_no),
            Text(row.name),
            state_text(row.state, console),
            f"{bar(row.epochs_done, row.total_epochs, console)} {row.epochs_done}/{row.total_epochs}",
            "" if row.steps_a_second is None else format_value(row.steps_a_second),
            duration(left),
            f"{row.cpu:g}",
            f"{row.gpu:g}",
        )
    return table
