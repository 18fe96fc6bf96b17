"""The feature matrix of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.encoding import (
    ALL_TEXT,
    Encoding,
    as_float32,
    learned_categories,
    one_hot,
    places,
    refuse_non_finite,
)
from nntracker_ray.datasets.parts import TextValues
from nntracker_ray.datasets.stored import StoredDataset, listed
from nntracker_ray.errors import DatasetError


@dataclass(frozen=True, slots=True, eq=False)
class TableFeatures:
    """Features of a table, and how they came about."""

    features: NDArray[Any]  # float32 (n, f); (n, ...) where one column holds arrays
    names: tuple[str, ...]  # one a feature; of a column of arrays its name
    encoding: Encoding
    notes: tuple[str, ...]


def table_features(
    stored: StoredDataset,
    *,
    label: str,
    group: str | None,
    encoded: tuple[str, ...],
    encoding: Encoding | None,
) -> TableFeatures:
    """Every column but label and group, as float32.

    Raises: DatasetError: Text that is not to be encoded, missing or non-finite cells, columns that the training
        set had and this one has not, arrays beside plain columns.
    """
    names, notes = _feature_columns(stored, label, group, encoding)
    for name in encoded:
        if name != ALL_TEXT:
            stored.column(name)
    if not names:
        raise DatasetError(
            f"no feature columns: the table holds {listed([c.name for c in stored.columns])} only"
        )
    if any(len(stored.column(name).shape) > 1 for name in names):
        return _one_array_column(stored, names, notes)
    categories: dict[str, tuple[str, ...]] = {}
    blocks: list[NDArray[np.float32]] = []
    labels: list[str] = []
    for name in names:
        block, values = _encoded(stored, name, encoded, encoding)
        blocks.append(block)
        labels += [f"{name}={value}" for value in values] if values is not None else [name]
        if values is not None:
            categories[name] = values
    return TableFeatures(np.hstack(blocks), tuple(labels), Encoding(tuple(names), categories), notes)


def _feature_columns(
    stored: StoredDataset, label: str, group: str | None, encoding: Encoding | None
) -> tuple[list[str], tuple[str, ...]]:
    here = [column.name for column in stored.columns if column.name not in (label, group)]
    if encoding is None:
        return here, ()
    absent = [name for name in encoding.columns if name not in here]
    if absent:
        raise DatasetError(f"no column {absent[0]!r}, which the training set has; there are: {listed(here)}")
    surplus = [name for name in here if name not in encoding.columns]
    notes = (f"left out columns that the training set has not: {listed(surplus)}",) if surplus else ()
    return list(encoding.columns), notes


def _encoded(
    stored: StoredDataset, name: str, encoded: tuple[str, ...], encoding: Encoding | None
) -> tuple[NDArray[np.float32], tuple[str, ...] | None]:
    """(n, width) of one column, and its categories where it is one-hot."""
    values = stored.values(name)
    known = encoding.categories.get(name) if encoding else None
    wanted = name in encoded or (ALL_TEXT in encoded and isinstance(values, TextValues))
    if known is not None or (wanted and encoding is None):
        known = known if known is not None else learned_categories(name, values)
        return one_hot(places(name, values, known), len(known)), known
    if isinstance(values, TextValues):
        examples = ", ".join(map(repr, values.categories[:3]))
        raise DatasetError(
            f"column {name!r} holds text ({examples}, {len(values.categories):,} distinct); list it under one_hot to "
            "encode it, or leave it out of the file"
        )
    what = f"column {name!r}"
    refuse_non_finite(what, values, nan_is="no value")
    return as_float32(what, values)[:, None], None


def _one_array_column(stored: StoredDataset, names: list[str], notes: tuple[str, ...]) -> TableFeatures:
    if len(names) > 1:
        raise DatasetError(
            f"features cannot mix arrays and plain columns ({listed(names)}); keep one column of arrays and the label"
        )
    values = stored.values(names[0])
    assert not isinstance(values, TextValues)  # noqa: S101 - text has one axis
    what = f"column {names[0]!r}"
    refuse_non_finite(what, values, nan_is="no value")
    return TableFeatures(as_float32(what, values), tuple(names), Encoding(tuple(names)), notes)
