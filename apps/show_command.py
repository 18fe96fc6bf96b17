"""`nntracker show`: one run on one screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from apps.checkpoint_command import checkpoints_table
from apps.dashboard.words import duration, elapsed, named, plural, time_left
from apps.dashboard.words import learning_rate as rate_words
from apps.deletion import megabytes
from apps.run_report import SHOWN_CURVES, RunReport, read_report, report_object
from apps.sparkline import sparkline
from apps.state_words import bar, speaks_unicode, state_text
from apps.tables import slim_table
from nntracker_ray.client.api import Api
from nntracker_ray.client.reading import run_called
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import JsonValue, RunRow

NEWEST = 12  # lines of a history that are shown; --json has them all


def show_run(api: Api, word: str, *, as_json: bool) -> None:
    """Print the run that a word means. Raises: NotFoundError, BadInputError: None is, or several are."""
    report = read_report(api, run_called(api, word))
    if as_json:
        print(json.dumps(report_object(report), indent=2, allow_nan=False))
    else:
        console = Console()
        console.print(report_view(report, console, now=datetime.now(UTC)))


def report_view(report: RunReport, console: Console, *, now: datetime) -> Group:
    """The report as it is printed."""
    parts: list[RenderableType] = [_head(report, console), _facts(report, console, now)]
    parts += _section("Metrics", _metrics(report, console) if report.row.metrics else None)
    changes, rates = len(report.history), len(report.adaptations)
    parts += _section(_newest_of("History", changes), _history(report))
    parts += _section(
        _newest_of("Commands", len(report.commands)), _commands(report) if report.commands else None
    )
    parts += _section(_newest_of("Learning rate", rates), _adaptations(report) if rates else None)
    parts += _section("Checkpoints", checkpoints_table(report.checkpoints) if report.checkpoints else None)
    parts += _section("Error", Text(report.row.error.rstrip(), style="red") if report.row.error else None)
    return Group(*parts)


def _section(title: str, content: RenderableType | None) -> Iterator[RenderableType]:
    if content is not None:
        yield Text(f"\n{title}", style="bold")
        yield content


def _newest_of(title: str, lines: int) -> str:
    return title if lines <= NEWEST else f"{title} (the newest {NEWEST}; --json has more)"


def _head(report: RunReport, console: Console) -> Text:
    row = report.row
    return Text.assemble(
        (row.name, "bold"), f"  number {row.run_no}  ", state_text(row.state, console), f"\n{row.run_id}"
    )


def _facts(report: RunReport, console: Console, now: datetime) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _named_values(report, console, now):
        if value:
            table.add_row(name, Text(value))
    return table


def _named_values(report: RunReport, console: Console, now: datetime) -> Iterable[tuple[str, str]]:
    row, spec, one = report.row, report.spec, report.row.configuration
    yield "experiment", row.experiment
    yield "waiting", report.waiting
    yield (
        "epochs",
        f"{bar(row.epochs_done, row.total_epochs, console, width=20)} {row.epochs_done}/{row.total_epochs}",
    )
    yield "time", _times(row, now)
    yield "attempts", str(row.attempt) if row.attempt > 1 else ""
    yield "optimizer", named(one.optimizer)
    yield "loss", named(one.loss_function)
    yield "learning rate", _rates(report)
    yield "schedule", f"{spec.schedule.kind} {_words(spec.schedule.conf)}" if spec.schedule else ""
    yield "further values", _words(one.sweep)
    yield "batch size", f"{spec.batch_size}, seed {spec.seed}"
    yield "fold", "" if row.fold is None else f"{row.fold + 1} of {spec.split.count} ({spec.split.kind})"
    yield "data", f"{spec.train.name} {spec.train.digest[:12]}, model {spec.model_digest[:12]}"
    yield "resources", f"{spec.resources.cpu:g} CPU, {spec.resources.gpu:g} GPU"
    yield "priority", str(spec.priority) if spec.priority else ""
    yield "goes on from", _origin(report)
    yield "tags", ", ".join(row.tags)
    if report.cost:
        stored = f"{plural(report.cost.captures, 'capture')}, {megabytes(report.cost.captured_bytes)}"
        yield "stored", f"{stored}, {plural(report.cost.metric_points, 'point')}"


def _times(row: RunRow, now: datetime) -> str:
    began, left = elapsed(row, now), time_left(row)
    parts = [f"{duration(began)} since it began" if began is not None else "not begun"]
    return ", ".join([*parts, f"{duration(left)} left"] if left is not None else parts)


def _origin(report: RunReport) -> str:
    origin, parent = report.spec.origin, report.parent
    if origin is None:
        return ""
    meant = f"{parent.name} (number {parent.run_no})" if parent else f"run {origin.run_id}, which is deleted"
    return f"{origin.checkpoint} of {meant}"


def _rates(report: RunReport) -> str:
    asked, effective = report.row.configuration.learning_rate, report.facts.get("effective_learning_rate")
    if not isinstance(effective, int | float):
        return "the optimizer's own" if asked is None else f"{rate_words(asked)} (asked for)"
    return f"{rate_words(float(effective))} (read back from the optimizer)"


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _asked(arguments: Mapping[str, JsonValue]) -> str:
    changes = arguments.get("changes")
    flat = {key: value for key, value in arguments.items() if key != "changes"}
    return _words({**flat, **(changes if isinstance(changes, dict) else {})})


def _metrics(report: RunReport, console: Console) -> Table:
    table = Table.grid(padding=(0, 2))
    first = [name for name in SHOWN_CURVES if name in report.row.metrics]
    for name in [*first, *sorted(report.row.metrics.keys() - set(first))]:
        curve = sparkline(report.series(name), width=min(60, console.width // 2))
        table.add_row(
            Text(name),
            Text(format_value(report.row.metrics[name]), justify="right"),
            Text(curve if speaks_unicode(console) else "", style="blue"),
        )
    return table


def _history(report: RunReport) -> Table:
    table = slim_table()
    for heading in ("time (UTC)", "state", "attempt", "by"):
        table.add_column(heading, no_wrap=True)
    table.add_column("why", overflow="fold")
    for line in report.history[-NEWEST:]:
        table.add_row(
            f"{line.time:%m-%d %H:%M:%S}",
            line.state.value,
            str(line.attempt),
            Text(line.by),
            Text(line.why or _last_line(line.error)),
        )
    return table


def _commands(report: RunReport) -> Table:
    table = slim_table()
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("command", overflow="fold")
    for heading in ("by", "outcome"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", overflow="fold")
    for command in report.commands[:NEWEST]:
        target = next((one for one in command.targets if one.run_id == report.row.run_id), None)
        if target is not None:
            asked = f"{command.verb} {_asked(command.arguments)}".strip()
            when = f"{command.created_at:%m-%d %H:%M:%S}"
            table.add_row(when, Text(asked), Text(command.by), target.outcome.value, Text(target.why))
    return table


def _adaptations(report: RunReport) -> Table:
    table = slim_table()
    for heading in ("epoch", "step", "old", "new"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("cause", overflow="fold")
    for line in report.adaptations[-NEWEST:]:
        table.add_row(
            str(line.epoch),
            str(line.step),
            rate_words(line.old),
            rate_words(line.new),
            Text(line.cause),
        )
    return table


def _last_line(error: str | None) -> str:
    return error.strip().splitlines()[-1] if error and error.strip() else ""
