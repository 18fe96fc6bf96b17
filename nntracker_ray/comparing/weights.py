"""The weights of one run minus those of another, at the epochs at which both were captured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.comparing.curves import Floats, Integers
from nntracker_ray.errors import BadInputError

BINS = 40


@dataclass(frozen=True, slots=True, eq=False)
class WeightDifference:
    """left - right, element by element. Arrays over c common captures, b bins.

    Values that are not finite are in no bin; `lost` counts them.
    """

    epochs: Integers  # (c,), 0-based
    norm: Floats  # (c,), L2 of the difference, over its finite values
    relative: Floats  # (c,), that norm over the L2 norm of the right one; nan for all zeros
    minimum: Floats  # (c,); nan where nothing is finite
    maximum: Floats  # (c,)
    lost: Integers  # (c,), elements whose difference is not finite
    edges: Floats  # (b + 1,), of the difference, the same at every epoch
    counts: Integers  # (c, b), elements of the difference in each bin
    value_edges: Floats  # (b + 1,), of the weights themselves, the same at every epoch and for both runs
    count_difference: Integers  # (c, b), elements of the left one in each bin minus those of the right one


def subtract_weights(
    epochs: Integers, left: NDArray[Any], right: NDArray[Any], *, bins: int = BINS
) -> WeightDifference:
    """
    Args:
        epochs: (c,), ascending, those that both have.
        left: (c, *shape), any floating or integer dtype.
        right: The same shape.
        bins: Of both histograms.
    Raises: BadInputError: The shapes differ.
    """
    if left.shape != right.shape:
        raise BadInputError(
            f"shapes differ: {left.shape[1:]} and {right.shape[1:]}; only arrays of one shape can be subtracted"
        )
    ours, theirs = (_flat(array, len(epochs)) for array in (left, right))
    with np.errstate(invalid="ignore", over="ignore"):
        change = ours - theirs
    finite = np.isfinite(change)
    norm, of_right = _norms(change), _norms(theirs)
    edges, value_edges = _edges([change], bins), _edges([ours, theirs], bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(of_right > 0, norm / of_right, np.nan)
    return WeightDifference(
        epochs,
        norm,
        relative,
        _or_nan(np.where(finite, change, np.inf).min(axis=1, initial=np.inf)),
        _or_nan(np.where(finite, change, -np.inf).max(axis=1, initial=-np.inf)),
        (~finite).sum(axis=1),
        edges,
        _counted(change, edges),
        value_edges,
        _counted(ours, value_edges) - _counted(theirs, value_edges),
    )


def _flat(array: NDArray[Any], captures: int) -> Floats:
    return array.reshape(captures, -1).astype(np.float64)


def _norms(rows: Floats) -> Floats:
    norms: Floats = np.sqrt((np.where(np.isfinite(rows), rows, 0.0) ** 2).sum(axis=1))
    return norms


def _or_nan(extremes: Floats) -> Floats:
    return np.where(np.isfinite(extremes), extremes, np.nan)


def _edges(arrays: list[Floats], bins: int) -> Floats:
    finite = [array[np.isfinite(array)] for array in arrays]
    filled = [array for array in finite if len(array)]
    low = min((float(array.min()) for array in filled), default=0.0)
    high = max((float(array.max()) for array in filled), default=0.0)
    return np.linspace(low, high, bins + 1) if high > low else np.linspace(low - 0.5, low + 0.5, bins + 1)


def _counted(rows: Floats, edges: Floats) -> Integers:
    counts = [np.histogram(row[np.isfinite(row)], edges)[0] for row in rows]
    return np.asarray(counts, np.int64).reshape(len(rows), len(edges) - 1)
