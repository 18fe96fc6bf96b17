"""What was fetched for a comparison, made into the lines, legend and numbers that a page shows. Pure."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.dashboard.compare_place import Kind, View
from apps.dashboard.compare_reader import Found, Member
from nntracker_ray.comparing import Aggregate, Axis, Curve, Difference, aggregate, difference_of
from nntracker_ray.figures.comparison_lines import (
    Group,
    Look,
    color_at,
    dash_at,
    difference_chart,
    group_chart,
    overlay_chart,
)
from nntracker_ray.figures.lines import Chart
from nntracker_ray.records import RunRow

MOST_LINES = 50  # of runs, of groups, and of the single runs behind groups
LOST_FOLD = re.compile(r"\s*\(\d*$")  # what is left of "FileSim (LR1) (1)" and "FileSim (LR1) (2)"


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend."""

    name: str
    color: str
    dash: str
    about: str  # how many runs it is over, or where it stands
    is_hidden: bool
    href: str = ""  # the run's page


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A chart with its legend and the numbers behind it."""

    chart: Chart
    keys: tuple[Key, ...] = ()
    groups: tuple[Group, ...] = ()
    difference: Difference | None = None
    left_out: int = 0  # runs beyond those that are drawn, behind groups too
    groups_left_out: int = 0
    missing: tuple[str, ...] = ()  # what has no values of this metric


def drawing_of(found: Found) -> Drawing | None:
    """The chart of a place; None where it shows something else, or there is nothing to draw yet."""
    if not found.metric or not found.members:
        return None
    match found.place.shown_view:
        case View.LINES:
            return _overlay(found)
        case View.GROUPS:
            return _groups(found, _by_subject(found))
        case View.FOLDS:
            return _groups(found, _by_configuration(found.rows))
        case View.DIFFERENCE:
            return _difference(found)
    return None


def run_names(rows: Sequence[RunRow]) -> list[str]:
    """What to call runs in one chart: by name, and by number too where several have one name."""
    counts = Counter(row.name for row in rows)
    return [f"{row.name} #{row.run_no}" if counts[row.name] > 1 else row.name for row in rows]


def _look(found: Found, axis: Axis = Axis.EPOCH) -> Look:
    place = found.place
    return Look(axis, place.log, place.smoothing, frozenset(place.hidden))


def _overlay(found: Found) -> Drawing:
    rows = [row for row in found.rows if row.run_id in found.curves]
    shown, names = rows[:MOST_LINES], run_names(rows)
    curves = {name: found.curves[row.run_id] for name, row in zip(names, shown, strict=False)}
    clocks = {
        name: found.clocks[row.run_id]
        for name, row in zip(names, shown, strict=False)
        if row.run_id in found.clocks
    }
    look = _look(found, found.place.axis)
    keys = [
        Key(
            name,
            color_at(place),
            dash_at(place),
            str(row.state),
            name in look.hidden,
            f"/run?id={row.run_id}",
        )
        for place, (name, row) in enumerate(zip(names, shown, strict=False))
    ]
    return Drawing(
        overlay_chart(curves, found.metric, look, clocks=clocks),
        tuple(keys),
        left_out=len(rows) - len(shown),
        missing=tuple(row.name for row in found.rows if row.run_id not in found.curves),
    )


def _groups(found: Found, parts: Sequence[tuple[str, Sequence[RunRow]]]) -> Drawing:
    look = _look(found)
    kept = [
        (name, [found.curves[row.run_id] for row in rows if row.run_id in found.curves])
        for name, rows in parts
    ]
    there = [(name, curves) for name, curves in kept if curves]
    shown = there[:MOST_LINES]
    most = MOST_LINES // max(1, len(shown)) if found.place.members else 0
    groups = [Group(name, aggregate(curves), curves[:most]) for name, curves in shown]
    keys = [
        Key(group.name, color_at(place), dash_at(place), _over(group.aggregate), group.name in look.hidden)
        for place, group in enumerate(groups)
    ]
    return Drawing(
        group_chart(groups, found.metric, found.place.statistics, look),
        tuple(keys),
        tuple(groups),
        left_out=sum(max(0, len(curves) - most) for _, curves in shown) if most else 0,
        groups_left_out=len(there) - len(shown),
        missing=tuple(name for name, curves in kept if not curves),
    )


def _over(found: Aggregate) -> str:
    """How many runs the numbers are over, which may change with the epoch."""
    least, most = int(found.count.min()), int(found.count.max())
    return f"{most} run{'' if most == 1 else 's'}" if least == most else f"{least} to {most} runs"


def _by_subject(found: Found) -> list[tuple[str, Sequence[RunRow]]]:
    """A group for each tag and experiment, and one for all runs that were chosen by themselves."""
    groups: list[tuple[str, Sequence[RunRow]]] = [
        (member.title, member.rows) for member in found.members if member.subject.kind is not Kind.RUN
    ]
    single = [row for member in found.members if member.subject.kind is Kind.RUN for row in member.rows]
    counts = Counter(title for title, _ in groups)
    named = [
        (f"{title} ({place})" if counts[title] > 1 else title, rows)
        for place, (title, rows) in enumerate(groups, start=1)
    ]
    return [*named, *([("single runs", single)] if single else [])]


def _by_configuration(rows: Sequence[RunRow]) -> list[tuple[str, Sequence[RunRow]]]:
    """The folds and repeats of each configuration together."""
    parts: dict[tuple[object, int], list[RunRow]] = defaultdict(list)
    for row in rows:
        parts[row.experiment_id, row.configuration_index].append(row)
    named = [(_common_name(members), members) for members in parts.values()]
    counts = Counter(name for name, _ in named)
    return [
        (f"{name}, {members[0].experiment} #{members[0].run_no}" if counts[name] > 1 else name, members)
        for name, members in named
    ]


def _common_name(rows: Sequence[RunRow]) -> str:
    if len(rows) == 1:
        return rows[0].name
    shared = os.path.commonprefix([row.name for row in rows])  # noqa: RUF071  (names, not paths)
    return LOST_FOLD.sub("", shared).strip() or rows[0].experiment


def _difference(found: Found) -> Drawing | None:
    if found.left is None or found.minus is None:
        return None
    left, right = (_curves(found, side) for side in (found.left, found.minus))
    if not left or not right:
        empty = [side.title for side, curves in ((found.left, left), (found.minus, right)) if not curves]
        return Drawing(Chart(()), missing=tuple(empty))
    difference = difference_of(left, right)
    about = f"{len(difference.epochs):,} common epochs"
    name = "difference"
    keys = (Key(name, color_at(0), dash_at(0), about, name in found.place.hidden),)
    return Drawing(difference_chart(difference, found.metric, _look(found)), keys, difference=difference)


def _curves(found: Found, side: Member) -> list[Curve]:
    return [found.curves[row.run_id] for row in side.rows if row.run_id in found.curves]


def last_finite(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The last value that is finite; nan where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else float("nan")
