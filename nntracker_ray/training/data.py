"""The examples of one run: its fold's part of the training set, scaled, in the dtypes that Keras wants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets import DatasetStore, Encoding, Examples, joined, load_examples
from nntracker_ray.errors import BadInputError
from nntracker_ray.folds import Split, split_indices
from nntracker_ray.records import DatasetRef, JsonValue, RunSpec
from nntracker_ray.training.scaling import fit_scaling

IndexArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What a run trains on, validates with and is tested on; features float32, scaled."""

    x_train: NDArray[Any]  # (n, ...)
    y_train: NDArray[Any]  # (n,) or (n, k)
    x_val: NDArray[Any] | None = None
    y_val: NDArray[Any] | None = None
    x_test: NDArray[Any] | None = None
    y_test: NDArray[Any] | None = None
    facts: dict[str, JsonValue] = field(default_factory=dict)  # dataset sizes, scaling


def epoch_order(seed: int, epoch: int, rows: int) -> IndexArray:
    """The rows in the order of one epoch: a permutation of 0..rows-1 that depends on nothing else.

    Being a pure function, any batch of any epoch can be entered again without what came before it.

    Args:
        seed: The run's, >= 0.
        epoch: 0-based.
    """
    return np.random.default_rng([seed, epoch]).permutation(rows)


def load_training_data(spec: RunSpec, datasets: DatasetStore) -> TrainingData:
    """The run's part of its datasets, from the store.

    With folds or a hold-out split the held-out part of the training set validates; without, the validation
    set does. With `include_validation` the folds are cut from training and validation set together. The scaling
    is fitted on the rows that train, and on no others.

    Raises:
        DatasetError: A dataset is malformed or misses what the spec names.
        NotFoundError: A dataset is not in the store.
        BadInputError: The data cannot be split as asked.
    """
    pool = _load(spec, datasets, spec.train, encoding=None, group=spec.split.group)
    whole = spec.split.include_validation
    validation = _given(spec, datasets, spec.validation, pool, group=spec.split.group if whole else None)
    test = _given(spec, datasets, spec.test, pool, group=None)
    if validation is not None and whole:
        pool, validation = joined(pool, validation), None
    split = _split(spec, pool)
    held_out = _rows(pool, split.held_out) if len(split.held_out) else validation
    return _prepared(spec, _rows(pool, split.train), held_out, test)


def _load(
    spec: RunSpec, datasets: DatasetStore, ref: DatasetRef, *, encoding: Encoding | None, group: str | None
) -> Examples:
    return load_examples(datasets.get(ref.digest), ref, one_hot=spec.one_hot, encoding=encoding, group=group)


def _given(
    spec: RunSpec, datasets: DatasetStore, ref: DatasetRef | None, pool: Examples, *, group: str | None
) -> Examples | None:
    return None if ref is None else _load(spec, datasets, ref, encoding=pool.encoding, group=group)


def _split(spec: RunSpec, pool: Examples) -> Split:
    splits = split_indices(spec.split, rows=len(pool.features), labels=pool.labels, groups=pool.groups)
    fold = spec.fold or 0
    if fold >= len(splits):
        raise BadInputError(f"fold {fold + 1} of {len(splits)} was asked for; folds are counted from 1")
    return splits[fold]


def _rows(examples: Examples, rows: IndexArray) -> Examples:
    return replace(examples, features=examples.features[rows], labels=examples.labels[rows], groups=None)


def _prepared(
    spec: RunSpec, train: Examples, validation: Examples | None, test: Examples | None
) -> TrainingData:
    scaling = fit_scaling(spec.scaling, train.features)
    loss = spec.configuration.loss_function.name

    def ready(examples: Examples | None) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        if examples is None:
            return None, None
        return scaling.apply(examples.features), label_array(examples.labels, loss)

    sets = {"train": train, "validation": validation, "test": test}
    facts = {
        "dataset_sizes": {name: _size(examples) for name, examples in sets.items()},
        "scaling": scaling.fact,
    }
    x_train, y_train = scaling.apply(train.features), label_array(train.labels, loss)
    return TrainingData(x_train, y_train, *ready(validation), *ready(test), facts)


def label_array(labels: NDArray[Any], loss: str) -> NDArray[Any]:
    """Labels in the dtype that the loss computes with: whole numbers for sparse classes, else float32."""
    kind = np.int64 if loss.startswith("Sparse") else np.float32
    return np.ascontiguousarray(labels, dtype=kind)


def _size(examples: Examples | None) -> int:
    return 0 if examples is None else len(examples.features)
