"""What people do on a comparison: from where one is, and what one did, to where one goes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from apps.dashboard.compare_place import (
    MOST_HIDDEN,
    MOST_SUBJECTS,
    ComparePlace,
    Kind,
    Subject,
    View,
    weight_of,
)
from apps.dashboard.components.elements import Deed
from apps.dashboard.given import typed
from nntracker_ray.comparing import Axis
from nntracker_ray.figures.comparison_lines import Statistic


def after(place: ComparePlace, deed: Deed) -> ComparePlace:
    """Where one is then; the same place for a deed that is none, or says something that cannot be."""
    change = CHANGES.get(deed.act)
    try:
        return change(place, deed) if change else place
    except ValueError:
        return place


def _added(place: ComparePlace, deed: Deed) -> ComparePlace:
    subject = Subject.read(deed.value)
    if subject is None or subject in place.subjects:
        return place
    # In the order that an address gives them back in, so that colours stay what they are.
    subjects = sorted((*place.subjects, subject)[-MOST_SUBJECTS:], key=lambda one: [*Kind].index(one.kind))
    return place.but(subjects=tuple(subjects))


def _removed(place: ComparePlace, deed: Deed) -> ComparePlace:
    left = tuple(subject for subject in place.subjects if str(subject) != deed.value)
    gone = {key: None for key in ("left", "minus") if str(getattr(place, key)) == deed.value}
    return place.but(subjects=left, **gone)


def _stated(place: ComparePlace, deed: Deed) -> ComparePlace:
    chosen = (
        {*place.statistics, Statistic(deed.value)} if deed.checked else {*place.statistics} - {deed.value}
    )
    return place.but(statistics=tuple(one for one in Statistic if one in chosen) or (Statistic.MEAN,))


def _toggled(place: ComparePlace, deed: Deed) -> ComparePlace:
    if deed.value in place.hidden:
        return place.but(hidden=tuple(name for name in place.hidden if name != deed.value))
    return place.but(hidden=(*place.hidden, typed(deed.value, 200))[-MOST_HIDDEN:])


CHANGES: Mapping[str, Callable[[ComparePlace, Deed], ComparePlace]] = {
    "add": _added,
    "remove": _removed,
    "view": lambda place, deed: place.but(view=View(deed.value)),
    "metric": lambda place, deed: place.but(metric=typed(deed.value, 200)),
    "axis": lambda place, deed: place.but(axis=Axis(deed.value)),
    "log": lambda place, deed: place.but(log=bool(deed.checked)),
    "smooth": lambda place, deed: place.but(smoothing=weight_of(deed.value)),
    "statistic": _stated,
    "members": lambda place, deed: place.but(members=bool(deed.checked)),
    "toggle": _toggled,
    "left": lambda place, deed: place.but(left=Subject.read(deed.value)),
    "minus": lambda place, deed: place.but(minus=Subject.read(deed.value)),
    "parameter": lambda place, deed: place.but(parameter=deed.value[:200]),
    "array": lambda place, deed: place.but(array=deed.value[:400]),
}
