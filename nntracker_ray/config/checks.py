"""What one field alone cannot show: rules between the keys of an experiment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import prod

from nntracker_ray.config.checkpoints import complaints_about_best
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.introspection import complaints_about_looks
from nntracker_ray.config.parts import MAX_RUNS
from nntracker_ray.config.problems import Problems
from nntracker_ray.config.schedule import KEY as SCHEDULE
from nntracker_ray.config.schedule import (
    CosineSchedule,
    ScheduleConfig,
    complaints_about_metrics,
    schedule_from,
    unmeasured,
)
from nntracker_ray.config.spelling import Spelled
from nntracker_ray.models.catalog import metric_name
from nntracker_ray.records import NamedConf

Place = tuple[str | int, ...]
Finding = tuple[Place, str]


def check_together(
    config: ExperimentConfig, spelling: Spelled, broken: AbstractSet[str], problems: Problems
) -> None:
    """Add a problem for every broken rule between fields; rules about fields known to be broken are skipped."""
    for fields, rule in _RULES:
        if not broken & set(fields):
            for place, message in rule(config):
                problems.add(spelling.path(*place), message)


def run_count(config: ExperimentConfig) -> int:
    """How many runs the grid has."""
    lists: list[Sequence[object]] = [config.optimizers, config.loss_functions, config.learning_rates]
    lists += config.sweep.values()
    folds = config.folds.count if config.folds else 1
    return prod(len(values) for values in lists) * folds * config.repeats


def _grid_size(config: ExperimentConfig) -> Iterator[Finding]:
    if (runs := run_count(config)) > MAX_RUNS:
        yield (), f"the grid has {runs:,} runs; allowed: {MAX_RUNS:,}. Shorten its lists, folds or repeats"


def _epoch_period(config: ExperimentConfig) -> Iterator[Finding]:
    fewest = min(config.sweep.get("total_epochs", (config.total_epochs,)))
    if config.epoch_period > fewest:
        yield ("epoch_period",), f"must not be more than total_epochs ({fewest}); came {config.epoch_period}"


def _groups(config: ExperimentConfig) -> Iterator[Finding]:
    folds = config.folds
    if folds and folds.kind == "group" and folds.group is None:
        yield (
            ("folds", "group"),
            "required for folds of kind 'group': the column or array that holds the groups",
        )
    if folds and folds.kind != "group" and folds.group is not None:
        yield (
            ("folds", "group"),
            f"means nothing for kind '{folds.kind}'; leave it out or set kind to 'group'",
        )


def _included_validation(config: ExperimentConfig) -> Iterator[Finding]:
    if config.folds and config.folds.include_validation and config.dataset_val is None:
        yield ("folds", "include_validation"), "needs a validation set; give 'dataset_val' or leave it out"


def _monitored(config: ExperimentConfig) -> Iterator[Finding]:
    """What early stopping watches must be measured."""
    if config.early_stopping:
        for why in unmeasured(config.early_stopping.monitor, _measured(config), config.has_validation):
            yield ("early_stopping", "monitor"), why


def _schedules(config: ExperimentConfig) -> Iterator[tuple[Place, ScheduleConfig]]:
    if config.learning_rate_schedule:
        yield (SCHEDULE,), config.learning_rate_schedule
    for index, value in enumerate(config.sweep.get(SCHEDULE, ())):
        yield ("sweep", SCHEDULE, index), schedule_from(value)


def _measured(config: ExperimentConfig) -> tuple[str, ...]:
    """Metrics of the training by name, without their `val_` twins."""
    return ("loss", "accuracy", *map(metric_name, config.extra_metrics))


def _scheduled_on(config: ExperimentConfig) -> Iterator[Finding]:
    """What a schedule asks for must be measured, and its warm-up must end before the run does."""
    fewest = min(config.sweep.get("total_epochs", (config.total_epochs,)))
    for place, schedule in _schedules(config):
        for argument, why in complaints_about_metrics(
            schedule, measured=_measured(config), has_validation=config.has_validation
        ):
            yield (*place, argument), why
        if isinstance(schedule, CosineSchedule) and schedule.epochs is None and schedule.warmup >= fewest:
            yield (*place, "warmup"), f"must be less than total_epochs ({fewest}); came {schedule.warmup}"


def _best_by(config: ExperimentConfig) -> Iterator[Finding]:
    """The metric of the best checkpoint must be measured."""
    for why in complaints_about_best(
        config.checkpoints, measured=_measured(config), has_validation=config.has_validation
    ):
        yield ("checkpoints", "best"), why


def _looked_at(config: ExperimentConfig) -> Iterator[Finding]:
    """What is looked at must be there."""
    has_test = config.dataset_test is not None
    for index, why in complaints_about_looks(config.introspection, has_test=has_test):
        yield ("introspection", index), why


def _learning_rate_twice(config: ExperimentConfig) -> Iterator[Finding]:
    if config.learning_rates == (None,):
        return
    for index, optimizer in enumerate(config.optimizers):
        if "learning_rate" in optimizer.conf:
            place = ("optimizers", index, "conf", "learning_rate")
            yield place, "'learning_rates' came too; keep one of the two"


def _repeated_points(config: ExperimentConfig) -> Iterator[Finding]:
    """The same value twice in a list would make the same run twice."""
    lists: list[tuple[Place, Iterable[object]]] = [
        (("optimizers",), map(_key, config.optimizers)),
        (("loss_functions",), map(_key, config.loss_functions)),
        (("learning_rates",), config.learning_rates),
        *((("sweep", key), map(json.dumps, values)) for key, values in config.sweep.items()),
    ]
    for place, values in lists:
        for value, times in Counter(values).items():
            if times > 1:
                yield place, f"{value} came {times} times; once is enough (for several seeds: 'repeats')"


def _key(entry: NamedConf) -> str:
    conf = json.dumps(entry.conf, sort_keys=True) if entry.conf else ""
    return f"{entry.name} {conf}".strip()


def _metric_names(config: ExperimentConfig) -> Iterator[Finding]:
    """Two metrics of one name would be one series in the plots."""
    first: dict[str, int] = {}
    for index, metric in enumerate(config.extra_metrics):
        name = metric_name(metric)
        place = ("extra_metrics", index, "conf", "name")
        if name in first:
            yield place, f"'{name}' is extra metric {first[name]} already; give one of them another name"
        elif name in _RESERVED or name.startswith(("val_", "test_")):
            yield place, f"'{name}' is a metric of the training itself; give this one a 'name' of its own"
        first.setdefault(name, index)


_RESERVED = ("loss", "accuracy", "learning_rate")


_RULES: tuple[tuple[tuple[str, ...], Callable[[ExperimentConfig], Iterator[Finding]]], ...] = (
    (("optimizers", "loss_functions", "learning_rates", "sweep", "folds", "repeats"), _grid_size),
    (("epoch_period", "total_epochs", "sweep"), _epoch_period),
    (("folds",), _groups),
    (("folds", "dataset_val"), _included_validation),
    (("early_stopping", "extra_metrics", "validation_split", "folds", "dataset_val"), _monitored),
    (
        (SCHEDULE, "sweep", "extra_metrics", "total_epochs", "validation_split", "folds", "dataset_val"),
        _scheduled_on,
    ),
    (("checkpoints", "extra_metrics", "validation_split", "folds", "dataset_val"), _best_by),
    (("introspection", "dataset_test"), _looked_at),
    (("optimizers", "learning_rates"), _learning_rate_twice),
    (("optimizers", "loss_functions", "learning_rates", "sweep"), _repeated_points),
    (("extra_metrics",), _metric_names),
)
