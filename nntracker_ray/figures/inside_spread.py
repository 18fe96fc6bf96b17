"""Histograms whose bins differ from look to look as numbers that can be laid beside each other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.figures.cell_edges import cell_edges
from nntracker_ray.figures.inside_numbers import Floats, Integers
from nntracker_ray.figures.views import Axis

MOST_RIDGES = 24
THINNEST = 1e-9
COLUMNS, BINS = 160, 72  # of a density image


class Look(Protocol):
    """What one look at an array has found: `MetricArray` of a trainer, or as the storage gives it back."""

    @property
    def epoch(self) -> int:
        """0-based."""
        ...

    @property
    def step(self) -> int:
        """Updates made."""
        ...

    @property
    def values(self) -> NDArray[Any]:
        """Counts of a histogram, (bins,); else any shape."""
        ...

    @property
    def edges(self) -> Floats | None:
        """Of a histogram, ascending, (bins + 1,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """One look as a line."""

    epoch: int
    step: int
    values: Floats  # lower edge, middles of the bins, upper edge, (bins + 2,)
    heights: Floats  # density relative to the greatest of the look, 0 at both ends, (bins + 2,)
    total: int  # values counted


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """All looks in the same bins."""

    places: Integers  # the last epoch or step of each column, (c,)
    edges: Floats  # of the columns, (c + 1,)
    value_edges: Floats  # ascending, (bins + 1,)
    shares: Floats  # of the values of a column's looks, (c, bins): each row sums to 1, or 0 where nothing was counted


def chosen_looks(count: int, most: int = MOST_RIDGES) -> list[int]:
    """Places of at most so many looks, evenly chosen, the first and the last among them."""
    return (
        np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)).tolist()
        if count
        else []
    )


def ridges_of(looks: Sequence[Look], most: int = MOST_RIDGES) -> tuple[tuple[Ridge, ...], int]:
    """The chosen looks, and how many there are."""
    known = _histograms(looks)
    return tuple(_ridge(known[place]) for place in chosen_looks(len(known), most)), len(known)


def _histograms(looks: Sequence[Look]) -> list[Look]:
    known = [one for one in looks if one.edges is not None and len(one.edges) > 1]
    return sorted(known, key=lambda one: one.step)


def _ridge(look: Look) -> Ridge:
    assert look.edges is not None  # noqa: S101 - for the type checker: `_histograms` has looked
    widths = np.diff(look.edges)
    # Relative to the widest, and not thinner than one sees: a width of 1e-320 would make an infinite density.
    relative = np.maximum(widths / (widths.max() or 1.0), THINNEST)
    densities = look.values / relative
    heights = densities / (densities.max(initial=0.0) or 1.0)
    middles = look.edges[:-1] + widths / 2
    values = np.concatenate([look.edges[:1], middles, look.edges[-1:]])
    return Ridge(
        look.epoch, look.step, values, np.concatenate([[0.0], heights, [0.0]]), int(look.values.sum())
    )


def spread_of(looks: Sequence[Look], axis: Axis, *, columns: int = COLUMNS, bins: int = BINS) -> Spread:
    """Every look counted in bins from the least to the greatest edge of all, neighbours together in a column.

    A count is shared out over the bins that its own one covers, as if its values lay evenly there.
    """
    known = _histograms(looks)
    at = np.array([one.step if axis is Axis.STEP else one.epoch for one in known], np.int64)
    places = np.unique(at)
    grouped = max(1, -(-len(places) // columns))
    edges_of_all = cell_edges(places)
    ends = (
        np.unique(np.append(np.arange(grouped - 1, len(places), grouped), len(places) - 1)) if known else at
    )
    low = min((float(one.edges[0]) for one in known if one.edges is not None), default=0.0)
    high = max((float(one.edges[-1]) for one in known if one.edges is not None), default=1.0)
    value_edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    counts = np.zeros((len(ends), bins))
    for one, place in zip(known, np.searchsorted(places, at), strict=True):
        counts[np.searchsorted(ends, place)] += _shared_out(one, value_edges)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    edges = np.append(edges_of_all[:1], edges_of_all[ends + 1]) if known else np.empty(0)
    return Spread(places[ends], edges, value_edges, shares)


def _shared_out(look: Look, edges: Floats) -> Floats:
    assert look.edges is not None  # noqa: S101 - for the type checker
    if look.edges[-1] <= look.edges[0]:  # one value: bins without a width
        return np.histogram(look.edges[:1], edges, weights=[float(look.values.sum())])[0]
    below = np.append(0.0, np.cumsum(look.values, dtype=np.float64))
    return np.diff(np.interp(edges, look.edges, below))
