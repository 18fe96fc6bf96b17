"""Which rows train and which are held out: pure functions of the split's seed and the data's size.

    k-fold       rows shuffled by the seed, then cut into k parts whose sizes differ by at most one
    stratified   like k-fold, each class spread over the parts as evenly as it divides
    group        no group is ever on both sides of a cut; parts as even as the groups allow
    time-series  rows stay in their order; fold i trains on everything before its held-out block, so the training
                 part grows; the first block is never held out (scikit-learn's TimeSeriesSplit)
    hold-out     one split: the last `validation_share` of the rows shuffled by the seed, at least one row each side
    none         one split that holds nothing out

Source: the cutting itself is scikit-learn's `model_selection`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import BadInputError
from nntracker_ray.records import SplitSpec

Indices: TypeAlias = NDArray[np.int64]
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of one training and of its held-out part, each ascending and without repeats."""

    train: Indices
    held_out: Indices


def split_indices(
    split: SplitSpec, *, rows: int, labels: Array | None = None, groups: Array | None = None
) -> tuple[Split, ...]:
    """Every split that the spec asks for: k of them for folds, else one.

    Args:
        split: Kind, count, seed; equal specs and data give equal splits on every machine.
        rows: Number of examples, training and validation set together with `include_validation`.
        labels: For "stratified": classes of shape (rows,), or one-hot of shape (rows, classes).
        groups: For "group": one value per row, shape (rows,).
    Raises: BadInputError: The data cannot be split that way; says why.
    """
    if split.kind not in _KINDS:
        raise BadInputError(f"unknown kind of split '{split.kind}'; known: {', '.join(_KINDS)}")
    _check_length("labels", labels, rows)
    _check_length("groups", groups, rows)
    cut = _KINDS[split.kind]
    pairs = cut(split, rows, labels, groups)
    return tuple(Split(_ascending(train), _ascending(held_out)) for train, held_out in pairs)


_Pairs: TypeAlias = Iterable[tuple[Array, Array]]
_Cut: TypeAlias = Callable[[SplitSpec, int, Array | None, Array | None], _Pairs]


def _ascending(rows: Array) -> Indices:
    return np.sort(np.asarray(rows, dtype=np.int64))


def _check_length(what: str, values: Array | None, rows: int) -> None:
    if values is not None and len(values) != rows:
        raise BadInputError(f"{rows} rows came with {len(values)} {what}; each row needs one")


def _check_rows(split: SplitSpec, rows: int, needed: int) -> None:
    if rows < needed:
        raise BadInputError(
            f"{split.count} {split.kind} folds need at least {needed} rows; the data has {rows}. Use fewer folds"
        )


def _k_fold(split: SplitSpec, rows: int, _labels: Array | None, _groups: Array | None) -> _Pairs:
    from sklearn.model_selection import KFold

    _check_rows(split, rows, split.count)
    pairs: _Pairs = KFold(split.count, shuffle=True, random_state=split.seed).split(np.empty(rows))
    return pairs


def _stratified(split: SplitSpec, rows: int, labels: Array | None, _groups: Array | None) -> _Pairs:
    from sklearn.model_selection import StratifiedKFold

    _check_rows(split, rows, split.count)
    classes = _classes(labels)
    _check_members(split, classes)
    folds = StratifiedKFold(split.count, shuffle=True, random_state=split.seed)
    pairs: _Pairs = folds.split(np.empty(rows), classes)
    return pairs


def _classes(labels: Array | None) -> Array:
    """One class number per row. Raises: BadInputError: There are no labels, or they are no classes."""
    if labels is None:
        raise BadInputError(
            "stratified folds need labels; name the label column or array, or use kind 'k-fold'"
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        return np.asarray(labels.argmax(axis=1))
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] != 1:
        raise BadInputError(f"stratified folds need one class per row; the labels have shape {labels.shape}")
    column = flat[:, 0]
    if np.issubdtype(column.dtype, np.floating) and not np.array_equal(column, np.round(column)):
        raise BadInputError(
            "stratified folds need classes, but the labels are measured numbers; use kind 'k-fold'"
        )
    return np.asarray(np.unique(column, return_inverse=True)[1])


def _check_members(split: SplitSpec, classes: Array) -> None:
    members = np.bincount(classes)
    smallest = int(members[members > 0].min())
    if smallest < split.count:
        rarest = int(np.argmin(np.where(members > 0, members, members.max() + 1)))
        raise BadInputError(
            f"{split.count} stratified folds need {split.count} rows of every class; class number {rarest} "
            f"(0-based, in sorted order) has {smallest}. Use fewer folds or kind 'k-fold'"
        )


def _group(split: SplitSpec, rows: int, _labels: Array | None, groups: Array | None) -> _Pairs:
    from sklearn.model_selection import GroupKFold

    if groups is None:
        raise BadInputError(
            "group folds need groups; name the column or array that holds them in folds.group"
        )
    _check_rows(split, rows, split.count)
    found = len(np.unique(groups))
    if found < split.count:
        raise BadInputError(
            f"{split.count} group folds need at least {split.count} different groups; the data has {found}"
        )
    folds = GroupKFold(split.count, shuffle=True, random_state=split.seed)
    pairs: _Pairs = folds.split(np.empty(rows), groups=groups)
    return pairs


def _time_series(split: SplitSpec, rows: int, _labels: Array | None, _groups: Array | None) -> _Pairs:
    from sklearn.model_selection import TimeSeriesSplit

    _check_rows(split, rows, split.count + 1)
    pairs: _Pairs = TimeSeriesSplit(split.count).split(np.empty(rows))
    return pairs


def _hold_out(split: SplitSpec, rows: int, _labels: Array | None, _groups: Array | None) -> _Pairs:
    if rows < 2:
        raise BadInputError(f"a held-out part needs at least 2 rows; the data has {rows}")
    held_out = min(max(round(rows * split.validation_share), 1), rows - 1)
    order = np.random.default_rng(split.seed).permutation(rows)
    return [(order[: rows - held_out], order[rows - held_out :])]


def _none(_split: SplitSpec, rows: int, _labels: Array | None, _groups: Array | None) -> _Pairs:
    return [(np.arange(rows), np.arange(0))]


_KINDS: dict[str, _Cut] = {
    "k-fold": _k_fold,
    "stratified": _stratified,
    "group": _group,
    "time-series": _time_series,
    "hold-out": _hold_out,
    "none": _none,
}
