"""What the command line prints of plans and results: tables for people, one JSON object for scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nntracker_ray.client.recorded import SummaryLine
from nntracker_ray.grid import PlannedRun
from nntracker_ray.plain_values import plain
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import Configuration, JsonValue, RunRow, RunState

FIRST_METRICS = ("accuracy", "loss")  # what one looks at first; others follow in the alphabet
CLOCK_METRICS = frozenset({"epoch_time", "elapsed_time"})
KINDS = {"": "training", "val_": "validation", "test_": "test"}  # prefix of a metric -> heading

Summary = Sequence[SummaryLine]


def plan_object(name: str, runs: Sequence[PlannedRun]) -> JsonValue:
    """A plan as `nntracker plan --json` prints it."""
    return {
        "experiment": {"name": name},
        "runs": [
            {
                "name": run.name,
                "fold": run.fold,
                "repeat": run.repeat,
                "seed": run.seed,
                "configuration": configuration_object(run.configuration),
            }
            for run in runs
        ],
    }


def result_object(runs: Sequence[RunRow], learning_rates: Mapping[Any, float | None]) -> JsonValue:
    """An experiment's outcome as `nntracker run --json` prints it.

    Args:
        runs: Every run of the experiment.
        learning_rates: By run id, the rate that the optimizer really had at its first step.
    """
    experiment = {"experiment_id": str(runs[0].experiment_id), "name": runs[0].experiment}
    return plain({"experiment": experiment, "runs": [_run_object(run, learning_rates) for run in runs]})


def _run_object(run: RunRow, learning_rates: Mapping[Any, float | None]) -> dict[str, Any]:
    effective = learning_rates.get(run.run_id)
    return {
        "run_id": run.run_id,
        "name": run.name,
        "state": run.state.value,
        "fold": run.fold,
        "configuration": configuration_object(run.configuration, effective),
        "epochs": run.epochs_done,
        "metrics": dict(sorted(run.metrics.items())),
        **({"error": run.error} if run.error else {}),
    }


def configuration_object(chosen: Configuration, effective_rate: float | None = None) -> dict[str, Any]:
    """One point of the grid, flat: names first, arguments beside them."""
    return {
        "optimizer": chosen.optimizer.name,
        "optimizer_conf": chosen.optimizer.conf,
        "loss_function": chosen.loss_function.name,
        "loss_function_conf": chosen.loss_function.conf,
        "learning_rate": effective_rate if effective_rate is not None else chosen.learning_rate,
        **chosen.sweep,
    }


def print_plan(console: Console, name: str, runs: Sequence[PlannedRun]) -> None:
    """The runs that would be made, a line each."""
    title = Text(f"{name}: {len(runs)} run{'s' if len(runs) != 1 else ''}")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", no_wrap=True)
    for heading in ("optimizer", "loss function", "learning rate", "fold", "seed"):
        table.add_column(heading, overflow="fold")
    for run in runs:
        chosen = run.configuration
        table.add_row(
            Text(run.name),
            Text(chosen.optimizer.name),
            Text(chosen.loss_function.name),
            "its own" if chosen.learning_rate is None else f"{chosen.learning_rate:g}",
            "-" if run.fold is None else str(run.fold),
            str(run.seed),
        )
    console.print(table)


def print_results(console: Console, runs: Sequence[RunRow], summary: Summary) -> None:
    """Mean and standard deviation per configuration, then every error."""
    console.print(_results_table(runs, summary))
    for run in runs:
        if run.error:
            reason = run.error.strip().splitlines()[-1]
            console.print(Text(f"{run.name} failed: {reason}", style="red"), soft_wrap=True)


def _results_table(runs: Sequence[RunRow], summary: Summary) -> Table:
    cells = _cells(summary)
    kinds = [kind for kind in KINDS if any(metric.startswith(kind) for _, metric in cells)]
    title = Text(f"{runs[0].experiment}: mean ± standard deviation over folds and repeats, last epoch")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("configuration", "runs", "metric"):
        table.add_column(heading, overflow="fold")
    for kind in kinds:
        table.add_column(KINDS[kind], justify="right", no_wrap=True)
    for index, members in _by_configuration(runs).items():
        label, count = Text(_label(members[0].configuration, runs)), _ended(members)
        for metric in _metric_names(cells, index):
            values = (cells.get((index, kind + metric), "") for kind in kinds)
            table.add_row(label, count, Text(metric), *values)
            label, count = Text(""), ""
        table.add_section()
    return table


def _cells(summary: Summary) -> dict[tuple[int, str], str]:
    """What to print, by configuration and metric; what looks inside have found is for pages of its own."""
    return {
        (line.configuration_index, line.metric): _mean_and_deviation(line.mean, line.std)
        for line in summary
        if line.metric not in CLOCK_METRICS and "/" not in line.metric
    }


def _metric_names(cells: Mapping[tuple[int, str], str], index: int) -> list[str]:
    """Metrics of a configuration without their prefix, those that one looks at first in front."""
    names = {metric.removeprefix("val_").removeprefix("test_") for number, metric in cells if number == index}
    first = [metric for metric in FIRST_METRICS if metric in names]
    return first + sorted(names - set(first))


def _label(chosen: Configuration, runs: Sequence[RunRow]) -> str:
    """The point of the grid by what tells it from the others."""
    losses = {run.configuration.loss_function.name for run in runs}
    rate = chosen.learning_rate
    parts = [
        chosen.optimizer.name,
        chosen.loss_function.name if len(losses) > 1 else "",
        "" if rate is None else f"lr {rate:g}",
        *(f"{key} {value}" for key, value in chosen.sweep.items()),
    ]
    return ", ".join(part for part in parts if part)


def _by_configuration(runs: Sequence[RunRow]) -> dict[int, list[RunRow]]:
    groups: dict[int, list[RunRow]] = {}
    for run in runs:
        groups.setdefault(run.configuration_index, []).append(run)
    return groups


def _ended(members: Sequence[RunRow]) -> str:
    finished = sum(run.state is RunState.FINISHED for run in members)
    return str(finished) if finished == len(members) else f"{finished} of {len(members)}"


def _mean_and_deviation(mean: float | None, std: float | None) -> str:
    if mean is None:
        return ""
    if std is None or math.isnan(std):  # one run alone has no deviation
        return format_value(mean)
    return f"{format_value(mean)} ± {format_value(std)}"
