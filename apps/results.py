"""What the command line prints of plans and results: tables for people, one JSON object for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nntracker_ray.grid import PlannedRun
from nntracker_ray.plain_values import plain
from nntracker_ray.progress_bars import format_value
from nntracker_ray.records import Configuration, JsonValue, RunRow, RunState

# The columns that one looks at first; others follow in the alphabet, those of the clock last.
FIRST_METRICS = ("accuracy", "loss", "val_accuracy", "val_loss", "test_accuracy", "test_loss")
CLOCK_METRICS = frozenset({"epoch_time", "elapsed_time"})

Summary = Mapping[str, Sequence[Any]]  # columns of storage.queries.fold_summary


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
    table = Table(title=Text(f"{name}: {len(runs)} run{'s' if len(runs) != 1 else ''}"), title_justify="left")
    for heading in ("run", "optimizer", "loss function", "learning rate", "fold", "seed"):
        table.add_column(heading)
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
            console.print(Text(f"{run.name} failed: {run.error.strip().splitlines()[-1]}", style="red"))


def _results_table(runs: Sequence[RunRow], summary: Summary) -> Table:
    cells = {
        (index, metric): _mean_and_deviation(mean, std)
        for index, metric, mean, std in zip(
            summary["configuration_index"], summary["metric"], summary["mean"], summary["std"], strict=True
        )
    }
    metrics = _ordered({metric for _, metric in cells})
    table = Table(title=Text(f"{runs[0].experiment}: mean ± standard deviation over folds and repeats"))
    for heading in ("configuration", "learning rate", "runs"):
        table.add_column(heading)
    for metric in metrics:
        table.add_column(Text(metric), justify="right")
    for index, members in _by_configuration(runs).items():
        chosen = members[0].configuration
        table.add_row(
            Text(_label(chosen)),
            "its own" if chosen.learning_rate is None else f"{chosen.learning_rate:g}",
            _ended(members),
            *(cells.get((index, metric), "") for metric in metrics),
        )
    return table


def _label(chosen: Configuration) -> str:
    swept = ", ".join(f"{key} {value}" for key, value in chosen.sweep.items())
    return ", ".join(part for part in (chosen.optimizer.name, chosen.loss_function.name, swept) if part)


def _ordered(metrics: set[str]) -> list[str]:
    first = [metric for metric in FIRST_METRICS if metric in metrics]
    return first + sorted(metrics - CLOCK_METRICS - set(first))


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
    return format_value(mean) if std is None else f"{format_value(mean)} ± {format_value(std)}"
