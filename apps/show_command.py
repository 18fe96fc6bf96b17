"""`nntracker show`: one run on one screen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from apps.checkpoint_command import checkpoints_table
from apps.dashboard.words import duration, elapsed, named
from apps.dashboard.words import learning_rate as rate_words
from apps.deletion import megabytes
from apps.run_report import SHOWN_CURVES, RunReport, read_report, report_object
from apps.selection import one_run
from apps.sparkline import sparkline
from apps.state_words import bar, speaks_unicode, state_text
from apps.tables import slim_table
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.session import Session
from nntracker_ray.storage.tables import lines_of

NEWEST = 12  # lines of a history that are shown; --json has them all


def show_run(session: Session, word: str, *, as_json: bool) -> None:
    """Print the run that a word means. Raises: NotFoundError, BadInputError: None is, or several are."""
    report = read_report(session, one_run(session, word))
    if as_json:
        print(json.dumps(report_object(report), indent=2, allow_nan=False))
    else:
        console = Console()
        console.print(report_view(report, console, now=datetime.now(UTC)))


def report_view(report: RunReport, console: Console, *, now: datetime) -> Group:
    """The report as it is printed."""
    parts: list[RenderableType] = [_head(report, console), _facts(report, console, now)]
    parts += _section("Metrics", _metrics(report, console) if report.row.metrics else None)
    parts += _section("History", _history(report))
    parts += _section("Commands", _commands(report) if report.commands else None)
    parts += _section("Learning rate", _adaptations(report) if report.adaptations["step"] else None)
    parts += _section("Checkpoints", checkpoints_table(report.checkpoints) if report.checkpoints else None)
    parts += _section("Error", Text(report.row.error.rstrip(), style="red") if report.row.error else None)
    return Group(*parts)


def _section(title: str, content: RenderableType | None) -> Iterator[RenderableType]:
    if content is not None:
        yield Text(f"\n{title}", style="bold")
        yield content


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
    left = _time_left(row)
    yield "experiment", row.experiment
    yield "waiting", report.waiting
    yield (
        "epochs",
        f"{bar(row.epochs_done, row.total_epochs, console, width=20)} {row.epochs_done}/{row.total_epochs}",
    )
    yield "time", duration(elapsed(row, now)) + (f", {duration(left)} left" if left is not None else "")
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
    yield "goes on from", f"{spec.origin.checkpoint} of run {spec.origin.run_id}" if spec.origin else ""
    yield "tags", ", ".join(row.tags)
    if report.cost:
        stored = f"{report.cost.captures} captures, {megabytes(report.cost.captured_bytes)}"
        yield "stored", f"{stored}, {report.cost.metric_points:,} points"


def _time_left(row: RunRow) -> timedelta | None:
    pace_s = row.metrics.get("epoch_time")
    if row.state is not RunState.RUNNING or not pace_s or not math.isfinite(pace_s):
        return None
    return timedelta(seconds=pace_s * (row.total_epochs - row.epochs_done))


def _rates(report: RunReport) -> str:
    asked, effective = report.row.configuration.learning_rate, report.facts.get("effective_learning_rate")
    if not isinstance(effective, int | float):
        return "the optimizer's own" if asked is None else f"{rate_words(asked)} (asked for)"
    return f"{rate_words(float(effective))} (read back from the optimizer)"


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


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
    for line in _newest(lines_of(report.history)):
        table.add_row(
            f"{line['time']:%m-%d %H:%M:%S}",
            line["state"],
            str(line["attempt"]),
            Text(line["by"]),
            Text(line["why"] or _last_line(line["error"])),
        )
    return table


def _commands(report: RunReport) -> Table:
    table = slim_table()
    for heading in ("time (UTC)", "command", "by", "outcome"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", overflow="fold")
    for command in report.commands[:NEWEST]:
        target = next((one for one in command.targets if one.run_id == report.row.run_id), None)
        if target is not None:
            asked = f"{command.verb} {_words(command.arguments)}".strip()
            when = f"{command.created_at:%m-%d %H:%M:%S}"
            table.add_row(when, Text(asked), Text(command.by), target.outcome.value, Text(target.why))
    return table


def _adaptations(report: RunReport) -> Table:
    table = slim_table()
    for heading in ("epoch", "step", "old", "new"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("cause", overflow="fold")
    for line in _newest(lines_of(report.adaptations)):
        table.add_row(
            str(line["epoch"]),
            str(line["step"]),
            rate_words(line["old"]),
            rate_words(line["new"]),
            Text(line["cause"]),
        )
    return table


def _newest(all_lines: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    return all_lines[-NEWEST:]


def _last_line(error: str | None) -> str:
    return error.strip().splitlines()[-1] if error and error.strip() else ""
