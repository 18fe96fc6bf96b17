"""What an experiment would make, before it is submitted: its runs by name, what they cost, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID

from nntracker_ray.config import ExperimentConfig, read_config, run_count
from nntracker_ray.config.layers import layer_problems
from nntracker_ray.datasets.fetch import is_url
from nntracker_ray.errors import BadInputError, ConfigError, Problem
from nntracker_ray.grid import plan_runs
from nntracker_ray.home import Home
from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.introspection.cost import estimated_share, training_of
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.models.schema import ModelDescription, parse_model
from nntracker_ray.sources import OwnSources
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.storage.pace_queries import pace_of_like_runs
from nntracker_ray.submission import check, check_location

MOST_NAMED = 1000  # runs
READ_UP_TO = (
    20_000_000  # bytes of data that are read to see whether they fit; more is seen when it is submitted
)
SOURCES = {"train": "dataset_train", "validation": "dataset_val", "test": "dataset_test"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What the runs of an experiment ask for, all of them together."""

    runs: int
    epochs: int
    steps: int | None  # optimizer updates; None while the number of rows is not known
    seconds: float | None  # of training, one after another, at the pace of like runs; None: there are none
    parameters: int | None  # of one run's model
    rows: int | None  # of the training set, those held out included
    looking: float | None = (
        0.0  # seconds that looking inside takes for each of training, estimated; None: not known
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be made of an experiment."""

    problems: tuple[Problem, ...]  # none: it can be submitted
    config: ExperimentConfig | None = None  # None: it cannot be read
    names: tuple[str, ...] = ()  # of the runs, the first thousand, in the order of the grid
    cost: Cost | None = None
    was_read: bool = False  # whether the data were looked at too, so that nothing is left to find out


def preview(source: str | Mapping[str, Any], *, home: Home, sources: OwnSources, viewer_id: UUID) -> Preview:
    """What would be made of an experiment; nothing is fetched or stored.

    Args:
        source: The text of a JSON or YAML file, or the same as a mapping.
        viewer_id: Whose runs say how long an epoch takes.
    """
    try:
        config = read_config(source, catalog=load_catalog(home))
    except ConfigError as error:
        return Preview(error.problems)
    found = _Found.of(config, sources)
    problems = found.problems
    was_read = not problems and found.is_small
    if was_read:
        try:
            check(config, sources=sources, owner_id=viewer_id)
        except ConfigError as error:
            problems = error.problems
    names = tuple(run.name for run in plan_runs(config)[:MOST_NAMED]) if run_count(config) <= 10_000 else ()
    return Preview(problems, config, names, _cost(config, found, sources, viewer_id), was_read)


@dataclass(frozen=True)
class _Found:
    """What a configuration names, as far as it is known without reading data."""

    problems: tuple[Problem, ...]
    model: ModelDescription | None
    datasets: Mapping[str, DatasetRow]  # by part; those of URLs are left out
    is_small: bool

    @classmethod
    def of(cls, config: ExperimentConfig, sources: OwnSources) -> _Found:
        problems: list[Problem] = []
        model, datasets, urls = None, dict[str, DatasetRow](), 0
        try:
            model = _model(config, sources)
            problems += layer_problems(config, model)
        except BadInputError as error:
            problems.append(Problem("model", str(error)))
        try:
            check_location(config, sources)
        except BadInputError as error:
            problems.append(Problem("checkpoints.location", str(error)))
        for part, key in SOURCES.items():
            source = getattr(config, key)
            if source is None or is_url(source):
                urls += source is not None
                continue
            try:
                datasets[part] = sources.dataset_row(source)
            except BadInputError as error:
                problems.append(Problem(key, str(error)))
        size = sum(row.bytes for row in datasets.values())
        return cls(tuple(problems), model, datasets, is_small=not urls and size <= READ_UP_TO)


def _model(config: ExperimentConfig, sources: OwnSources) -> ModelDescription:
    if config.model is None:
        raise BadInputError("choose a stored model, upload one, or put its Keras JSON here")
    text = sources.model(config.model) if isinstance(config.model, str) else config.model_json()
    return parse_model(text)


def _cost(config: ExperimentConfig, found: _Found, sources: OwnSources, viewer_id: UUID) -> Cost:
    train, validation = found.datasets.get("train"), found.datasets.get("validation")
    rows = int(train.facts["rows"]) if train else None
    held = int(validation.facts["rows"]) if validation else 0
    share = None if rows is None else training_rows(config, rows, held)
    points = [*_points(config)]
    each = run_count(config) // len(points)  # runs with that batch size and number of epochs
    steps = None if share is None else sum(each * epochs * ceil(share / batch) for batch, epochs in points)
    paces = _paces(found, sources, viewer_id, {batch for batch, _ in points})
    seconds = sum(each * epochs * paces[batch] for batch, epochs in points) if paces else None
    return Cost(
        looking=_looking(config, found, share, paces),
        runs=run_count(config),
        epochs=sum(each * epochs for _, epochs in points),
        steps=steps,
        seconds=seconds,
        parameters=found.model.parameters if found.model else None,
        rows=rows,
    )


def _looking(
    config: ExperimentConfig, found: _Found, rows: float | None, paces: Mapping[int, float] | None
) -> float | None:
    """The estimated share of the first configuration's time."""
    if not config.introspection:
        return 0.0
    if found.model is None or rows is None:
        return None
    batch, _ = next(_points(config))
    steps, test = ceil(rows / batch), found.datasets.get("test")
    training = training_of(
        found.model,
        batch_size=batch,
        steps_an_epoch=steps,
        test_rows=int(test.facts["rows"]) if test else 0,
        measured_step_s=paces[batch] / steps if paces and steps else None,
    )
    catalog = known_metrics()
    return estimated_share([(one, catalog.topics_of(one)) for one in config.introspection_spec], training)


def training_rows(config: ExperimentConfig, rows: int, validation_rows: int) -> float:
    """Rows that one run trains on, on average over the folds.

    Args:
        rows: Of the training set.
        validation_rows: Of the validation set, 0 if there is none.
    """
    split = config.split
    if split.kind == "none":
        return rows
    if split.kind == "hold-out":
        return rows * (1 - split.validation_share)
    pool = rows + (validation_rows if split.include_validation else 0)
    # Fold i of k trains on the first i + 1 of k + 1 blocks: half of them on average.
    return pool / 2 if split.kind == "time-series" else pool * (split.count - 1) / split.count


def _points(config: ExperimentConfig) -> Iterator[tuple[int, int]]:
    """Batch sizes with numbers of epochs, as swept."""
    for batch in config.sweep.get("batch_size", (config.batch_size,)):
        for epochs in config.sweep.get("total_epochs", (config.total_epochs,)):
            yield batch, epochs


def _paces(
    found: _Found, sources: OwnSources, viewer_id: UUID, batch_sizes: set[int]
) -> Mapping[int, float] | None:
    """Seconds of an epoch by batch size; None unless all are known."""
    train = found.datasets.get("train")
    if found.model is None or train is None:
        return None
    known: dict[int, float] = {}
    with sources.database.connection() as conn:
        for batch in batch_sizes:
            pace = pace_of_like_runs(
                conn,
                viewer_id=viewer_id,
                model_digest=found.model.digest,
                train_digest=train.digest,
                batch_size=batch,
            )
            if pace is None:
                return None
            known[batch] = pace
    return known
