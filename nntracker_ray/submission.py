"""From an experiment file to queued runs: everything is checked before anything is stored.

`prepare` fetches and parses data and model, checks that they fit together and cuts the folds; `submit` writes
the runs into the queue. Every door (command line, notebook, page) goes through these two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.config import ExperimentConfig, read_config
from nntracker_ray.config.layers import layer_problems
from nntracker_ray.datasets import Examples, StoredDataset, joined, load_examples
from nntracker_ray.errors import BadInputError, ConfigError, Problem
from nntracker_ray.folds import split_indices
from nntracker_ray.grid import experiment_id, run_specs
from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.models.fit import check_fits
from nntracker_ray.models.schema import ModelDescription, parse_model
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import DatasetRef, JsonValue, NamedConf, RunSpec
from nntracker_ray.sources import FileSources, Sources, read_model_file
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database

ConfigSource = Path | str | Mapping[str, Any]
FoldIndices = Mapping[int, tuple[NDArray[np.int64], NDArray[np.int64]]]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An experiment whose every run is known to fit its data and model."""

    experiment_id: UUID
    name: str
    config: JsonValue  # canonical, as stored
    runs: tuple[RunSpec, ...]
    folds: FoldIndices  # fold -> (rows trained on, rows held out); empty without folds


def prepare(
    source: ConfigSource,
    *,
    home: Home,
    owner_id: UUID,
    model: Path | str | None = None,
    sources: Sources | None = None,
    report: Report = lambda _: None,
) -> Prepared:
    """Check an experiment completely and bring its data and model into the store.

    Args:
        source: Path of a JSON or YAML file, its text, or the same as a mapping.
        home: The data folder whose stores take the data and the model.
        owner_id: Whose experiment it is; part of its identity.
        model: File with Keras model JSON when the experiment itself names none.
        sources: Where data and model are looked for; None: as files of this machine, beside the experiment's own.
        report: Told what is being done, for progress displays.
    Raises: ConfigError: Every problem found in configuration, data and model, each with its place.
    """
    report("reading the experiment")
    config = read_config(source, catalog=load_catalog(home))
    base = source.parent if isinstance(source, Path) else Path.cwd()
    name = str(source) if isinstance(source, Path) else "experiment"
    places = sources or FileSources(home, base)
    found = check(config, sources=places, owner_id=owner_id, model=model, name=name, report=report)
    ModelStore(home).add(found.model)
    return Prepared(found.runs[0].experiment_id, config.name, config.canonical(), found.runs, found.folds)


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration whose data and model were found to fit."""

    model: ModelDescription
    rows: int  # of the training set
    runs: tuple[RunSpec, ...]
    folds: FoldIndices


def check(
    config: ExperimentConfig,
    *,
    sources: Sources,
    owner_id: UUID,
    model: Path | str | None = None,
    name: str = "experiment",
    report: Report = lambda _: None,
) -> Checked:
    """Find data and model, check that they fit together and with the configuration, and cut the folds.

    Args:
        name: What messages call the experiment.
    Raises: ConfigError: Every problem found, each with its place.
    """
    with _problems(name) as problems:
        with problems.at("model"):
            description = parse_model(_model_text(config, model, sources))
            problems.found += layer_problems(config, description)
        with problems.at("checkpoints.location"):
            check_location(config, sources)
        data = _Data.load(config, sources=sources, problems=problems, report=report)
    report("checking that data and model fit")
    with _problems(name) as problems:
        with problems.at("model"):
            for loss in config.losses:
                data.check(description, loss)
        with problems.at("folds"):
            runs, folds = _runs(config, owner_id, description, data)
    return Checked(description, len(data.examples["train"].features), runs, folds)


def submit(database: Database, prepared: Prepared, *, owner_id: UUID) -> UUID:
    """Queue the runs of a prepared experiment; those that exist already are left as they are.

    Returns: the experiment's id.
    """
    with database.connection() as conn:
        writes.submit_experiment(
            conn,
            owner_id=owner_id,
            experiment_id=prepared.experiment_id,
            name=prepared.name,
            config=prepared.config,
            runs=prepared.runs,
            folds=prepared.folds,
        )
    return prepared.experiment_id


@dataclass
class _Problems:
    """Errors of several steps, gathered so that a person hears of all of them at once."""

    found: list[Problem] = field(default_factory=list)

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        try:
            yield
        except ConfigError as error:
            self.found.extend(error.problems)
        except BadInputError as error:
            self.found.append(Problem(path, str(error)))


@contextmanager
def _problems(source: str) -> Iterator[_Problems]:
    problems = _Problems()
    yield problems
    if problems.found:
        raise ConfigError(problems.found, source)


@dataclass(frozen=True)
class _Data:
    """The datasets of one experiment, parsed, and their examples."""

    refs: Mapping[str, DatasetRef]  # "train", and "validation", "test" where given
    examples: Mapping[str, Examples]

    @classmethod
    def load(
        cls, config: ExperimentConfig, *, sources: Sources, problems: _Problems, report: Report
    ) -> _Data:
        stored_by_source = dict[str, StoredDataset]()
        refs: dict[str, DatasetRef] = {}
        examples: dict[str, Examples] = {}
        for part, key, source in _sources(config):
            with problems.at(key):
                report(f"reading {source}")
                # One source named twice is fetched once.
                stored = stored_by_source.get(source) or sources.dataset(source)
                stored_by_source[source] = stored
                refs[part] = config.dataset_ref(part, digest=stored.digest, name=stored.name)
                train = examples.get("train")
                examples[part] = load_examples(
                    stored,
                    refs[part],
                    one_hot=config.one_hot_columns,
                    encoding=train.encoding if train else None,
                    group=config.group if part in _cut_parts(config) else None,
                )
        return cls(refs, examples)

    def pool(self, config: ExperimentConfig) -> Examples:
        """What the folds are cut from; rows of the validation set, if it takes part, follow those of training."""
        parts = [self.examples[part] for part in _cut_parts(config) if part in self.examples]
        return parts[0] if len(parts) == 1 else joined(*parts)

    def check(self, model: ModelDescription, loss: NamedConf) -> None:
        for examples in self.examples.values():
            check_fits(
                model,
                feature_shape=examples.features.shape[1:],
                label_shape=examples.labels.shape[1:],
                label_dtype=examples.labels.dtype,
                classes=_classes(examples),
                loss=loss,
            )


def _sources(config: ExperimentConfig) -> list[tuple[str, str, str]]:
    parts = [
        ("train", "dataset_train", config.dataset_train),
        ("validation", "dataset_val", config.dataset_val),
        ("test", "dataset_test", config.dataset_test),
    ]
    return [(part, key, source) for part, key, source in parts if source is not None]


def _cut_parts(config: ExperimentConfig) -> tuple[str, ...]:
    """The parts of the data that folds are cut from."""
    return ("train", "validation") if config.split.include_validation else ("train",)


def _classes(examples: Examples) -> int | None:
    """Classes that the labels need: known names, or one more than the largest integer label."""
    if examples.class_names is not None:
        return len(examples.class_names)
    labels = examples.labels
    if labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer) and labels.size:
        return int(labels.max()) + 1
    return None


def check_location(config: ExperimentConfig, sources: Sources) -> None:
    """Raises: BadInputError: The checkpoints are to go where the submitter may not send them."""
    if config.checkpoints.location is not None and not sources.may_write_anywhere:
        raise BadInputError(
            "copies are written with the platform's own rights, so only an administrator says where to; leave it out"
        )


def _model_text(config: ExperimentConfig, model: Path | str | None, sources: Sources) -> str | bytes:
    if model is not None and config.model is not None:
        raise BadInputError("a model came both in the experiment and beside it; give one of the two")
    if model is not None:
        return read_model_file(Path(model))
    if config.model is None:
        raise BadInputError(
            "no model came; give 'model' in the experiment or a model file beside it (--model)"
        )
    if isinstance(config.model, str):
        return sources.model(config.model)
    return config.model_json()


def _runs(
    config: ExperimentConfig, owner_id: UUID, model: ModelDescription, data: _Data
) -> tuple[tuple[RunSpec, ...], FoldIndices]:
    digests = {"model": model.digest} | {part: ref.digest for part, ref in data.refs.items()}
    runs = run_specs(
        config,
        experiment_id(owner_id, config, digests),
        train=data.refs["train"],
        validation=data.refs.get("validation"),
        test=data.refs.get("test"),
        model_digest=model.digest,
    )
    pool = data.pool(config)
    # Cutting the folds now refuses impossible ones before anything runs; the trials cut the same again.
    splits = split_indices(runs[0].split, rows=len(pool.features), labels=pool.labels, groups=pool.groups)
    if runs[0].fold is None:
        return runs, {}
    return runs, {fold: (part.train, part.held_out) for fold, part in enumerate(splits)}
