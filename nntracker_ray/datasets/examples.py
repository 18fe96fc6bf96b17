"""Features and labels out of a stored dataset, checked before any training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.array_choice import choose_arrays
from nntracker_ray.datasets.encoding import (
    Encoding,
    learned_categories,
    one_hot,
    places,
    refuse_missing_text,
    refuse_non_finite,
)
from nntracker_ray.datasets.parts import TextValues
from nntracker_ray.datasets.stored import StoredDataset
from nntracker_ray.datasets.table_features import table_features
from nntracker_ray.errors import DatasetError, did_you_mean
from nntracker_ray.records import DatasetRef

_PER_ROW = 1


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features and labels, row by row."""

    features: NDArray[Any]  # (n, ...); float32 (n, f) from a table of numbers, an NPZ array in its own dtype
    labels: NDArray[Any]  # (n,) or (n, k); class indices int64 where they were text
    feature_names: tuple[
        str, ...
    ]  # of a table, one a feature: "age", "colour=red"; of an NPZ the array's name
    class_names: tuple[str, ...] | None  # text labels by index; None for numeric labels
    groups: NDArray[Any] | None  # (n,) numbers or text
    encoding: Encoding  # pass it on for validation and test sets
    notes: tuple[str, ...] = ()  # what was chosen for the user: "took 'x' as features and 'y' as labels"


def joined(first: Examples, second: Examples) -> Examples:
    """The rows of the first, then those of the second; both were encoded alike. Groups stay if both have them."""
    both = first.groups is not None and second.groups is not None
    return replace(
        first,
        features=np.concatenate([first.features, second.features]),
        labels=np.concatenate([first.labels, second.labels]),
        groups=np.concatenate([first.groups, second.groups]) if both else None,
    )


def load_examples(
    stored: StoredDataset,
    ref: DatasetRef,
    *,
    one_hot: tuple[str, ...] = (),
    encoding: Encoding | None = None,
    group: str | None = None,
) -> Examples:
    """The examples of a dataset.

    Args:
        stored: From the store.
        ref: Which arrays (`feature_name`, `label_name`) or which `label_column`.
        one_hot: Text or integer columns to encode, ("*",) for every text column. Naming the label column makes its
            labels one-hot too, (n, k).
        encoding: Of the training set, so that columns, categories and classes agree; None learns it here.
        group: Column or array of groups, left out of the features.
    Returns: Arrays mapped from the store where no conversion is needed: read-only.
    Raises: DatasetError: No such array or column, missing or non-finite values, unequal lengths, no rows, text that
        is not encoded, values unknown to `encoding`; with name and 0-based row.
    """
    try:
        load = _from_arrays if stored.kind == "arrays" else _from_table
        examples = load(stored, ref, one_hot, encoding, group)
        return replace(examples, notes=(*stored.notes, *examples.notes))
    except DatasetError as error:
        name = ref.name or stored.name
        text = str(error).removeprefix(f"{stored.name}: ")
        raise type(error)(f"{name}: {text}") from error


def _from_arrays(
    stored: StoredDataset,
    ref: DatasetRef,
    encoded: tuple[str, ...],
    encoding: Encoding | None,
    group: str | None,
) -> Examples:
    choice = choose_arrays(stored, ref, group)
    features = stored.values(choice.features)
    if isinstance(features, TextValues):
        raise DatasetError(f"array {choice.features!r} holds text; features must be numbers")
    if not features.ndim:
        raise DatasetError(f"array {choice.features!r} is a single number; features need one row an example")
    refuse_non_finite(f"array {choice.features!r}", features)
    labels, classes = _labels(stored, choice.labels, choice.labels in encoded, encoding, what="array")
    rows = {choice.features: len(features), choice.labels: len(labels)}
    groups = _groups(stored, group, rows)
    _check_rows(rows)
    learned = encoding or Encoding(classes=classes)
    return Examples(features, labels, (choice.features,), classes, groups, learned, choice.notes)


def _from_table(
    stored: StoredDataset,
    ref: DatasetRef,
    encoded: tuple[str, ...],
    encoding: Encoding | None,
    group: str | None,
) -> Examples:
    label = _label_column(stored, ref)
    if group is not None:
        stored.column(group)
    _check_rows({"the table": stored.rows})
    found = table_features(stored, label=label, group=group, encoded=encoded, encoding=encoding)
    labels, classes = _labels(stored, label, label in encoded, encoding, what="column")
    learned = encoding or replace(found.encoding, classes=classes)
    groups = _groups(stored, group, {})
    return Examples(found.features, labels, found.names, classes, groups, learned, found.notes)


def _label_column(stored: StoredDataset, ref: DatasetRef) -> str:
    if ref.label_column is None:
        names = ", ".join(column.name for column in stored.columns[:30])
        near = did_you_mean("label", [column.name for column in stored.columns])
        raise DatasetError(f"which column is the label? Set label_column to one of: {names}. {near}".rstrip())
    return stored.column(ref.label_column).name


def _labels(
    stored: StoredDataset, name: str, is_one_hot: bool, encoding: Encoding | None, *, what: str
) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    values = stored.values(name)
    classes = encoding.classes if encoding else None
    if isinstance(values, TextValues):
        refuse_missing_text(name, values)
        if encoding and classes is None:
            raise DatasetError(f"{what} {name!r} holds text, but the labels of the training set are numbers")
        classes = classes or values.categories
        found = places(name, values, classes)
        return (one_hot(found, len(classes)) if is_one_hot else found), classes
    if classes is not None and not is_one_hot:
        raise DatasetError(f"{what} {name!r} holds numbers, but the labels of the training set are text")
    return _number_labels(name, values, is_one_hot, classes, what=what)


def _number_labels(
    name: str, values: NDArray[Any], is_one_hot: bool, classes: tuple[str, ...] | None, *, what: str
) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    if not values.ndim:
        raise DatasetError(f"{what} {name!r} is a single number; labels need one row an example")
    refuse_non_finite(f"label {what} {name!r}", values, nan_is="no value (NaN)")
    if is_one_hot:
        known = classes or learned_categories(name, values)
        return one_hot(places(name, values, known), len(known)), known
    # Losses compute with labels, and booleans do not subtract.
    return (values.astype(np.int64) if values.dtype == bool else values), None


def _groups(stored: StoredDataset, group: str | None, rows: dict[str, int]) -> NDArray[Any] | None:
    if group is None:
        return None
    values = stored.values(group)
    if isinstance(values, TextValues):
        refuse_missing_text(group, values)
        values = (
            np.array(values.categories, dtype=np.str_)[values.codes]
            if values.categories
            else np.empty(0, np.str_)
        )
    refuse_non_finite(f"group {group!r}", values, nan_is="no value (NaN)")
    if values.ndim != _PER_ROW:
        raise DatasetError(f"group {group!r} has the shape {values.shape}; allowed is one value a row, (n,)")
    rows[group] = len(values)
    return values


def _check_rows(rows: dict[str, int]) -> None:
    if len(set(rows.values())) != 1:
        counts = ", ".join(f"{name!r} has {count:,}" for name, count in rows.items())
        raise DatasetError(f"unequal numbers of rows: {counts}; every example needs one of each")
    if not all(rows.values()):
        raise DatasetError("no rows; a dataset needs at least one example")
