"""Above the graphs: what they are of, along which axis, how smooth, and which lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.dashboard.components.chart_grid import ALWAYS
from apps.dashboard.components.elements import Deed, h
from apps.dashboard.components.fields import checkbox, segmented
from apps.dashboard.components.trees import Tree
from apps.dashboard.run_place import MOST_METRICS, SMOOTHEST, Graph, RunPlace, smoothing_of
from nntracker_ray.figures import Axis, Split, known_metrics

GRAPHS = ((Graph.CURVES, "Curves"), (Graph.WEIGHTS, "Weights"), (Graph.HISTOGRAMS, "Histograms"))
AXES = ((Axis.EPOCH, "Epoch"), (Axis.STEP, "Step"), (Axis.TIME, "Time"))
SCALES = (("linear", "Linear"), ("log", "Log"))


def graph_bar(place: RunPlace, metrics: Iterable[str]) -> Tree:
    """The controls of the graphs that are shown.

    Args:
        metrics: Names of all that the run has measured.
    """
    kinds = segmented("graph", "What to draw", GRAPHS, place.graph)
    if place.graph is not Graph.CURVES:
        return h("div", kinds, cls="filters graph-bar")
    further = [name for name in known_metrics(metrics) if name not in ALWAYS]
    return h(
        "div",
        kinds,
        segmented("axis", "Axis", AXES, place.view.axis),
        segmented("scale", "Scale of values", SCALES, "log" if place.view.log else "linear"),
        _splits(place),
        _smoothing(place),
        _further(place, further) if further else None,
        cls="filters graph-bar",
    )


def place_after(place: RunPlace, deed: Deed) -> RunPlace | None:
    """Where a deed on the bar leads; None for a deed that is not of the bar, or of a browser that makes things up."""
    try:
        return DEEDS[deed.act](place, deed)
    except (KeyError, ValueError):
        return None


def _metric(place: RunPlace, deed: Deed) -> RunPlace:
    others = tuple(name for name in place.metrics if name != deed.value)
    return place.but(metrics=(*others, deed.value[:200])[:MOST_METRICS] if deed.checked else others)


def _split(place: RunPlace, deed: Deed) -> RunPlace:
    one, chosen = Split(deed.value), {*place.view.splits}
    chosen = chosen | {one} if deed.checked else chosen - {one}
    return _with(place, splits=tuple(split for split in Split if split in chosen))


def _with(place: RunPlace, **changes: Any) -> RunPlace:
    return place.but(view=replace(place.view, **changes))


DEEDS: Mapping[str, Callable[[RunPlace, Deed], RunPlace]] = {
    "graph": lambda place, deed: place.but(graph=Graph(deed.value)),
    "axis": lambda place, deed: _with(place, axis=Axis(deed.value)),
    "scale": lambda place, deed: _with(place, log=deed.value == "log"),
    "smooth": lambda place, deed: _with(place, smoothing=smoothing_of(deed.value)),
    "split": _split,
    "metric": _metric,
}


def _splits(place: RunPlace) -> Tree:
    boxes = [
        checkbox(str(split), checked=split in place.view.splits, act="split", value=split) for split in Split
    ]
    return h("fieldset", h("legend", "Lines", cls="unseen"), *boxes, cls="splits")


def _smoothing(place: RunPlace) -> Tree:
    slider = h(
        "input",
        type="range",
        min=0,
        max=SMOOTHEST,
        step=0.01,
        value=f"{place.view.smoothing:g}",
        data_act="smooth",
        data_live=True,
        id="smoothing",
        aria_valuetext=f"{place.view.smoothing:g}",
    )
    return h(
        "span",
        h("label", "Smoothing", for_="smoothing"),
        slider,
        h("span", f"{place.view.smoothing:.2f}", cls="num"),
        cls="slider",
    )


def _further(place: RunPlace, further: Sequence[str]) -> Tree:
    items = [
        h("li", checkbox(name, checked=name in place.metrics, act="metric", value=name), data_key=name)
        for name in further
    ]
    shown = sum(name in place.metrics for name in further)
    said = f"More metrics ({shown})" if shown else "More metrics"
    return h("details", h("summary", said), h("ul", *items), cls="menu wide", data_menu=True)
