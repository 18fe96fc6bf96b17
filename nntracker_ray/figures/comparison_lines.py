"""Comparisons as lines of a chart: runs overlaid, groups with their spread, one thing minus another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from nntracker_ray.comparing import Aggregate, Axis, Curve, Difference, places_on, smoothed
from nntracker_ray.comparing.curves import Floats
from nntracker_ray.figures.lines import DASHES, Band, Chart, Line, band_of, crosses_of, distinct, line_of
from nntracker_ray.figures.palette import SERIES_COLORS

AXIS_LABELS = {Axis.EPOCH: "epoch, from 0", Axis.STEP: "optimizer updates", Axis.TIME: "time of training"}
FAINT = 0.28


class Statistic(StrEnum):
    """What is drawn of a group."""

    MEAN = "mean"
    MEDIAN = "median"
    SPREAD = "std"  # the band from mean - std to mean + std
    RANGE = "range"  # minimum and maximum


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How lines are laid out, the same for every comparison."""

    axis: Axis = Axis.EPOCH
    log: bool = False
    smoothing: float = 0.0  # weight of what came before, 0 to 0.999
    hidden: Collection[str] = ()  # names that are not drawn at all; the others keep their colours


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some runs under one name."""

    name: str
    aggregate: Aggregate
    members: Sequence[Curve] = field(default=())  # drawn faintly behind


def overlay_chart(
    curves: Mapping[str, Curve],
    metric: str,
    look: Look = Look(),
    *,
    clocks: Mapping[str, Curve] | None = None,
) -> Chart:
    """A line for each run; with smoothing the measured one faintly behind.

    Args:
        curves: By name, in order of their colours.
        clocks: Each run's `elapsed_time`, for the axis of time.
    """
    lines: list[Line] = []
    for place, (name, curve) in enumerate(curves.items()):
        if name not in look.hidden:
            x = places_on(curve, look.axis, (clocks or {}).get(name))
            lines += _measured(name, x, curve.values, place, look)
    # Smooth lines lie above all measured ones.
    lines.sort(key=lambda line: line.has_legend)
    return Chart(tuple(lines), (), AXIS_LABELS[look.axis], metric, look.log, is_clock=look.axis is Axis.TIME)


def group_chart(
    groups: Sequence[Group],
    metric: str,
    statistics: Collection[Statistic] = (Statistic.MEAN, Statistic.SPREAD),
    look: Look = Look(),
) -> Chart:
    """Groups over epochs, with their members behind where they are given."""
    shown = [(place, group) for place, group in enumerate(groups) if group.name not in look.hidden]
    lines = [line for place, group in shown for line in _members(group, place, look)]
    lines += [line for place, group in shown for line in _of_group(group, place, statistics, look)]
    spread = Statistic.SPREAD in statistics
    bands = [_spread(group, place, look) for place, group in shown] if spread else []
    return Chart(distinct(lines), tuple(bands), AXIS_LABELS[Axis.EPOCH], metric, look.log)


def difference_chart(difference: Difference, metric: str, look: Look = Look()) -> Chart:
    """One line, and where nothing differs; never by its logarithm, which half of a difference does not have."""
    look = replace(look, log=False)
    x = difference.epochs.astype(np.float64)
    lines = _measured("difference", x, difference.values, 0, look)
    zero = Line(
        "no difference", x[[0, -1]] if len(x) else x, np.zeros(min(2, len(x))), "#76818f", "dashed", 1.2
    )
    return Chart((zero, *lines), (), AXIS_LABELS[Axis.EPOCH], f"difference of {metric}")


def color_at(place: int) -> str:
    """The colour of the so many-th thing that is compared."""
    return SERIES_COLORS[place % len(SERIES_COLORS)]


def dash_at(place: int) -> str:
    """Its dashes, which tell apart what has one colour."""
    return DASHES[place // len(SERIES_COLORS) % len(DASHES)]


def _measured(name: str, x: Floats, values: Floats, place: int, look: Look) -> list[Line]:
    color, dash = color_at(place), dash_at(place)
    if not look.smoothing:
        return [line_of(name, x, values, color, dash=dash, log=look.log)]
    behind = line_of(
        f"{name} as measured", x, values, color, width=1.0, alpha=FAINT, has_legend=False, log=look.log
    )
    calm = smoothed(values, look.smoothing)
    return [behind, line_of(name, x, calm, color, dash=dash, log=look.log, marks=False)]


def _members(group: Group, place: int, look: Look) -> list[Line]:
    return [
        line_of(
            f"{group.name}, {number}",
            curve.epochs.astype(np.float64),
            curve.values,
            color_at(place),
            width=1.0,
            alpha=FAINT,
            has_legend=False,
            log=look.log,
        )
        for number, curve in enumerate((curve.by_epoch() for curve in group.members), start=1)
    ]


def _of_group(group: Group, place: int, statistics: Collection[Statistic], look: Look) -> list[Line]:
    found, color = group.aggregate, color_at(place)
    # Name, values, dash, width; the first has the group's own name.
    wanted = {
        Statistic.MEAN: [(group.name, found.mean, dash_at(place), 2.2)],
        Statistic.MEDIAN: [(f"{group.name}, median", found.median, "dotted", 2.0)],
        Statistic.RANGE: [
            (f"{group.name}, least", found.minimum, "dashed", 1.0),
            (f"{group.name}, greatest", found.maximum, "dashed", 1.0),
        ],
    }
    x = found.epochs.astype(np.float64)
    drawn = [one for statistic in wanted if statistic in statistics for one in wanted[statistic]]
    lines = [
        line_of(
            name,
            x,
            values,
            color,
            dash=dash,
            width=width,
            log=look.log,
            marks=False,
            count=found.count.astype(np.float64),
        )
        for name, values, dash, width in drawn
    ]
    return [*lines, _lost_members(group, color)]


def _lost_members(group: Group, color: str) -> Line:
    """No line: crosses where runs have values that are not finite, which the numbers leave out."""
    found = group.aggregate
    lost = found.lost > 0
    was = [f"{count:,} not finite" for count in found.lost[lost]]
    return crosses_of(f"{group.name}, left out", found.epochs[lost].astype(np.float64), was, color)


def _spread(group: Group, place: int, look: Look) -> Band:
    found = group.aggregate
    # A single run has no deviation: there the band is as thin as the line.
    std = np.where(np.isnan(found.std) & (found.count > 0), 0.0, found.std)
    x = found.epochs.astype(np.float64)
    return band_of(
        f"{group.name}, mean ± std", x, found.mean - std, found.mean + std, color_at(place), log=look.log
    )
