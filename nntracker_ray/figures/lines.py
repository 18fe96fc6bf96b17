"""Lines, bands and marks of a chart as plain numbers: true after thinning, with gaps where nothing finite is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nntracker_ray.comparing.curves import Floats
from nntracker_ray.comparing.thinning import COLUMNS, band_places, column_places

NOTHING = np.empty(0)
NOWHERE = np.empty(0, np.int64)
DASHES = ("solid", "dashed", "dotted", "dotdash", "dashdot")
UNSEEN = "\u200b"  # a space without width: in no name that people see
FEW_POINTS = 60  # lines of so few show each of them as a dot


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a chart. What cannot be drawn is a gap (nan) in `y`, and a cross at `lost_x`."""

    name: str  # on hovering and in a legend; unique in its chart
    x: Floats  # (n,), ascending
    y: Floats  # (n,)
    color: str  # "#3f83f8"
    dash: str = "solid"
    width: float = 1.8
    alpha: float = 1.0
    has_legend: bool = True
    count: Floats = field(
        default_factory=lambda: NOTHING
    )  # (n,), runs that y is over; empty for a single run
    lost_x: Floats = field(default_factory=lambda: NOTHING)  # (m,)
    lost_was: tuple[str, ...] = ()  # (m,): "nan", "inf", "-inf", or a number that a logarithm does not take

    @property
    def columns(self) -> dict[str, Floats]:
        """What its renderer holds."""
        return {"x": self.x, "y": self.y, **({"count": self.count} if len(self.count) else {})}

    @property
    def dots(self) -> tuple[Floats, Floats]:
        """x and y of the points that no line would show: those between two gaps; every one of a short line."""
        finite = np.isfinite(self.y)
        if len(self.y) <= FEW_POINTS:
            return self.x[finite], self.y[finite]
        beside = np.append(False, finite[:-1]) | np.append(finite[1:], False)
        return self.x[finite & ~beside], self.y[finite & ~beside]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The area between two lines. Arrays (n,); nan in either is a gap."""

    name: str
    x: Floats
    low: Floats
    high: Floats
    color: str
    alpha: float = 0.16

    @property
    def polygons(self) -> tuple[list[Floats], list[Floats]]:
        """xs and ys of its pieces between gaps, each once around."""
        finite = np.isfinite(self.low) & np.isfinite(self.high)
        begins = np.flatnonzero(finite & ~np.append(False, finite[:-1]))
        ends = np.flatnonzero(finite & ~np.append(finite[1:], False)) + 1
        pieces = [slice(begin, end) for begin, end in zip(begins, ends, strict=True)]
        xs = [np.concatenate([self.x[piece], self.x[piece][::-1]]) for piece in pieces]
        ys = [np.concatenate([self.low[piece], self.high[piece][::-1]]) for piece in pieces]
        return xs, ys


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """Everything that a chart of lines draws, bands first."""

    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()
    xlabel: str = "epoch, from 0"
    ylabel: str = ""
    log: bool = False  # whether values stand by their logarithm
    is_clock: bool = False  # whether x are seconds

    @property
    def looks(self) -> tuple[object, ...]:
        """What cannot be changed in a chart that is drawn already."""
        lines = [
            (one.name, one.color, one.dash, one.width, one.alpha, one.has_legend, len(one.count) > 0)
            for one in self.lines
        ]
        bands = [(one.name, one.color, one.alpha) for one in self.bands]
        return (tuple(lines), tuple(bands), self.xlabel, self.ylabel, self.log, self.is_clock)


def distinct(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines whose names differ: a tag may be called "nightly, median"."""
    known: dict[str, Line] = {}
    for line in lines:
        name = line.name
        while name in known:
            name += UNSEEN
        known[name] = replace(line, name=name)
    return tuple(known.values())


def line_of(
    name: str,
    x: Floats,
    y: Floats,
    color: str,
    *,
    dash: str = "solid",
    width: float = 1.8,
    alpha: float = 1.0,
    has_legend: bool = True,
    log: bool = False,
    marks: bool = True,
    count: Floats = NOTHING,
) -> Line:
    """A line of measured values, thinned to what a chart can show.

    Args:
        y: (n,), as measured; what is not finite, or with `log` not above 0, becomes a gap and a cross.
        count: (n,), how many runs each value is over; empty for a single run.
        marks: Whether it has crosses of its own; False for the second line through the same gaps.
    """
    lost = ~np.isfinite(y) | ((y <= 0) if log else False)
    drawn = np.where(lost, np.nan, y)
    kept = column_places(x, drawn)
    crosses = crosses_of(name, x[lost], [f"{value:.6g}" for value in y[lost]] if marks else [], color)
    return replace(
        crosses,
        x=x[kept],
        y=drawn[kept],
        dash=dash,
        width=width,
        alpha=alpha,
        has_legend=has_legend,
        count=count[kept] if len(count) else count,
    )


def crosses_of(name: str, x: Floats, was: Sequence[str], color: str) -> Line:
    """No line, but crosses, at most one for each pixel column.

    Args:
        was: What stands at each x; shorter than x for no crosses at all.
    """
    kept = column_places(x, np.zeros(len(x)), COLUMNS // 4) if len(was) == len(x) else NOWHERE
    return Line(
        name, NOTHING, NOTHING, color, has_legend=False, lost_x=x[kept], lost_was=tuple(was[k] for k in kept)
    )


def band_of(
    name: str, x: Floats, low: Floats, high: Floats, color: str, *, alpha: float = 0.16, log: bool = False
) -> Band:
    """The area between two lines, thinned. With `log` it ends at the least positive value, where low is not
    above 0, and has a gap where high is not either.
    """
    if log:
        above = np.concatenate([low[low > 0], high[high > 0]])
        low = np.where(low > 0, low, above.min() if len(above) else np.nan)
        high = np.where(high > 0, high, np.nan)
    kept = band_places(x, low, high)
    return Band(name, x[kept], low[kept], high[kept], color, alpha)
