"""Histograms of one array over epochs, all with the same bins, so that they can be laid beside each other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import BadInputError

Captures: TypeAlias = Iterable[tuple[int, NDArray[Any]]]
MOST_BINS = 512
LARGEST = float(np.finfo(np.float64).max) / 4


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """How the values of one array are spread at each of its epochs."""

    epochs: NDArray[np.int64]  # 0-based, ascending, (e,)
    edges: NDArray[np.float64]  # the same for every epoch, ascending, (bins + 1,)
    counts: NDArray[np.int64]  # values in each bin, (e, bins); the last bin holds its upper edge as well
    not_finite: NDArray[np.int64]  # values that are NaN or infinite and so in no bin, (e,)
    size: int  # values of the array, the same at every epoch


def histograms_over_epochs(captures: Callable[[], Captures], *, bins: int = 60) -> Histograms:
    """Count the values of an array at each epoch in bins between its least and its greatest value of all epochs.

    Args:
        captures: Gives (epoch, array of any shape and dtype) in order; called twice: for the range, for the counts.
        bins: 1 to 512.
    Raises: BadInputError: So many bins are not to be had.
    """
    if not 1 <= bins <= MOST_BINS:
        raise BadInputError(f"histograms have 1 to {MOST_BINS} bins, not {bins}")
    edges = np.linspace(*_shown_range(captures()), bins + 1)
    epochs, counts, lost, size = [], [], [], 0
    for epoch, array in captures():
        finite = _finite(array)
        epochs.append(epoch)
        counts.append(_counted(finite, edges))
        lost.append(array.size - finite.size)
        size = array.size
    return Histograms(
        np.array(epochs, np.int64),
        edges,
        np.array(counts, np.int64).reshape(len(epochs), bins),
        np.array(lost, np.int64),
        size,
    )


def _shown_range(captures: Captures) -> tuple[float, float]:
    """Least and greatest finite value; something around it where there is only one, or none."""
    least, greatest = np.inf, -np.inf
    for _, array in captures:
        finite = _finite(array)
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
    if least > greatest:
        return -1.0, 1.0
    if greatest - least == np.inf:  # the width itself must be a number
        return -LARGEST, LARGEST
    if least == greatest:
        around = abs(least) * 0.01 or 1.0
        return least - around, greatest + around
    return least, greatest


def _finite(array: NDArray[Any]) -> NDArray[Any]:
    """As something that can be computed with: float32 stays, exotic floats widen."""
    flat = array.reshape(-1)
    plain = flat if flat.dtype.kind == "f" and flat.dtype.itemsize >= 4 else flat.astype(np.float64)
    # One sum tells whether all are finite; picking them costs ten times as much.
    with np.errstate(over="ignore", invalid="ignore"):
        clean = np.isfinite(plain.sum(dtype=np.float64))
    return plain if clean else plain[np.isfinite(plain)]


def _counted(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """As np.histogram counts."""
    return np.histogram(values, bins=len(edges) - 1, range=(edges[0], edges[-1]))[0].astype(np.int64)
