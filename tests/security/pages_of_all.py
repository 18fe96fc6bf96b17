"""Every page and view that a person can look at, so that a proof about pages is about all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode
from uuid import UUID

from apps.dashboard.compare_place import View as Comparison
from apps.dashboard.people_place import View as PeopleView
from apps.dashboard.run_place import Graph, Tab
from nntracker_ray.figures.inside_pictures import Picture


def run_views(run_id: UUID, *, metrics: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Name and address of each view of a run's page."""
    for picture in Picture:
        said = [("id", str(run_id)), ("tab", Tab.INSIDE.value), ("picture", picture.value)]
        yield f"run: inside, {picture}", f"/run?{urlencode(said)}"
    for tab in Tab:
        if tab is Tab.INSIDE:
            continue
        for graph in Graph if tab is Tab.GRAPHS else (Graph.CURVES,):
            said = [("id", str(run_id)), ("tab", tab.value), ("graph", graph.value)]
            said += [("metric", metric) for metric in metrics]
            yield f"run: {tab}, {graph}", f"/run?{urlencode(said)}"


def compare_views(experiment_id: UUID, *, metric: str = "") -> Iterator[tuple[str, str]]:
    """Likewise of comparisons."""
    for view in Comparison:
        said = {"experiment": str(experiment_id), "view": view.value, "metric": metric}
        yield f"compare: {view}", f"/compare?{urlencode(said)}"


def people_views(person_id: UUID) -> Iterator[tuple[str, str]]:
    """Likewise of people."""
    for view in PeopleView:
        yield f"people: {view}", f"/people?view={view.value}"
    yield "people: one", f"/people?id={person_id}"
