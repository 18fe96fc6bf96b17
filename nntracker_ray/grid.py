"""From one configuration file to its runs: their order, names, seeds and stable ids.

Order: optimizer > loss > learning rate > further sweeps > fold > repeat, the last turning fastest. A list of more
than one leaves its place in the name, 1-based: ` (O1)`, ` (LF2)`, ` (LR1)`, ` (S3)` (place in the product of all
further sweeps, keys in alphabetical order), then ` (<fold>)`, then ` (R1)` for repeats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from uuid import UUID, uuid5

import numpy as np

from nntracker_ray.config import ExperimentConfig
from nntracker_ray.records import Configuration, DatasetRef, JsonValue, NamedConf, RunSpec


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of the grid, before its data and model are known."""

    name: str  # "FileSim (LR1) (2)"
    position: int  # 0-based place in the grid
    configuration: Configuration
    configuration_index: int  # 0-based; equal for the folds and repeats of one configuration
    fold: int | None  # 0-based; None without folds
    repeat: int  # 0-based
    seed: int
    tags: tuple[str, ...] = ()


def plan_runs(config: ExperimentConfig) -> tuple[PlannedRun, ...]:
    """Every run of the experiment, in grid order, under unique names; nothing is fetched or built."""
    folds = range(config.folds.count) if config.folds else (None,)
    return tuple(
        PlannedRun(
            name=config.name + suffix + _fold_suffix(fold) + _place("R", repeat, config.repeats),
            position=position,
            configuration=configuration,
            configuration_index=index,
            fold=fold,
            repeat=repeat,
            seed=run_seed(config.seed, repeat),
            tags=_tags(config, suffix),
        )
        for position, ((index, (configuration, suffix)), fold, repeat) in enumerate(
            product(enumerate(_configurations(config)), folds, range(config.repeats))
        )
    )


def _configurations(config: ExperimentConfig) -> Iterator[tuple[Configuration, str]]:
    """Every configuration with the suffix of its name."""
    points = tuple(dict(zip(config.sweep, values, strict=True)) for values in product(*config.sweep.values()))
    for (o, optimizer), (lf, loss), (lr, rate), (s, point) in product(
        enumerate(config.optimizers),
        enumerate(config.loss_functions),
        enumerate(config.learning_rates),
        enumerate(points),
    ):
        suffix = (
            _place("O", o, len(config.optimizers))
            + _place("LF", lf, len(config.loss_functions))
            + _place("LR", lr, len(config.learning_rates))
            + _place("S", s, len(points))
        )
        swept = _with_swept(optimizer, "optimizer.", point), _with_swept(loss, "loss_function.", point)
        yield Configuration(*swept, rate, point), suffix


def _with_swept(entry: NamedConf, prefix: str, point: Mapping[str, JsonValue]) -> NamedConf:
    swept = {key.removeprefix(prefix): value for key, value in point.items() if key.startswith(prefix)}
    return replace(entry, conf={**entry.conf, **swept})


def _place(letters: str, index: int, length: int) -> str:
    return f" ({letters}{index + 1})" if length > 1 else ""


def _fold_suffix(fold: int | None) -> str:
    return "" if fold is None else f" ({fold + 1})"


def _tags(config: ExperimentConfig, suffix: str) -> tuple[str, ...]:
    """The experiment's tags; with folds, also the tag of all folds and that of this configuration's folds."""
    tags: list[str] = list(config.tags)
    if config.folds:
        tags += [config.k_fold_tag] if config.k_fold_tag else []
        tags.append((config.k_fold_tag or config.name) + suffix)
    return tuple(dict.fromkeys(tags))


def run_seed(seed: int, repeat: int) -> int:
    """Seed of one repeat, 0 <= seed < 2**31: the experiment's own for the first, derived ones after.

    It does not depend on the configuration or fold, so that configurations are compared from the same start,
    and adding repeats leaves the earlier ones as they are.
    Source: numpy.random.SeedSequence.
    """
    if repeat == 0:
        return seed
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1)[0]) >> 1


# --- identity ------------------------------------------------------------------------------------------------


def experiment_id(owner_id: UUID, config: ExperimentConfig, digests: Mapping[str, str]) -> UUID:
    """Equal exactly for the same owner, configuration, data and model.

    Args:
        owner_id: Whose experiment it is.
        config: Where its data and model lie, and how the file was written, do not matter.
        digests: Content digests by part: "model", "train", and "validation", "test" where given.
    """
    return uuid5(owner_id, json.dumps([config.identity(), sorted(digests.items())], ensure_ascii=False))


def run_id(experiment: UUID, run: PlannedRun) -> UUID:
    """Equal exactly for the same experiment, configuration, fold, repeat and seed."""
    configuration = run.configuration
    content = [
        [_content(configuration.optimizer), _content(configuration.loss_function)],
        [configuration.learning_rate, configuration.sweep],
        [run.fold, run.repeat, run.seed],
    ]
    return uuid5(experiment, json.dumps(content, sort_keys=True, ensure_ascii=False))


def _content(entry: NamedConf) -> list[JsonValue]:
    return [entry.name, entry.conf]


def run_specs(
    config: ExperimentConfig,
    experiment_id: UUID,
    *,
    train: DatasetRef,
    validation: DatasetRef | None,
    test: DatasetRef | None,
    model_digest: str,
) -> tuple[RunSpec, ...]:
    """Everything that the workers need, in grid order.

    With folds the held-out part takes the place of the validation set, so the latter is passed on only if the
    folds are cut from both together (`folds.include_validation`).
    """
    split, capture, resources = config.split, config.capture_spec, config.resources_spec
    introspection = config.introspection_spec
    used = validation if not config.folds or config.folds.include_validation else None
    return tuple(
        RunSpec(
            run_id=run_id(experiment_id, run),
            experiment_id=experiment_id,
            name=run.name,
            position=run.position,
            configuration=run.configuration,
            configuration_index=run.configuration_index,
            fold=run.fold,
            repeat=run.repeat,
            seed=run.seed,
            split=split,
            batch_size=run.configuration.sweep.get("batch_size", config.batch_size),
            total_epochs=run.configuration.sweep.get("total_epochs", config.total_epochs),
            model_digest=model_digest,
            train=train,
            validation=used,
            test=test,
            capture=capture,
            extra_metrics=config.extra_metrics,
            tags=run.tags,
            resources=resources,
            early_stopping=config.early_stopping_spec,
            one_hot=config.one_hot_columns,
            scaling=config.scaling,
            checkpoint_period=config.checkpoint_period,
            priority=config.priority,
            checkpoints=config.checkpoints.policy,
            schedule=config.schedule_spec(
                run.configuration.sweep,
                total_epochs=run.configuration.sweep.get("total_epochs", config.total_epochs),
            ),
            introspection=introspection,
        )
        for run in plan_runs(config)
    )
