"""What the page of one run shows, as its address says it: whoever gets the address sees the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from apps.dashboard.given import first_of, words_of
from apps.dashboard.inside_place import InsidePlace, one_of
from nntracker_ray.figures.views import Axis, CurveView, Split

SMOOTHEST = 0.99
MOST_METRICS = 50


class Tab(StrEnum):
    """What one looks at."""

    GENERAL = "general"
    GRAPHS = "graphs"
    INSIDE = "inside"
    COMPARISONS = "comparisons"
    FILES = "files"


class Graph(StrEnum):
    """What the graphs are of."""

    CURVES = "curves"
    WEIGHTS = "weights"  # array index x epoch x value
    HISTOGRAMS = "histograms"


@dataclass(frozen=True, slots=True)
class RunPlace:
    """The whole state of the view. What an address says wrongly is left out, not an error."""

    run_id: UUID
    tab: Tab = Tab.GENERAL
    graph: Graph = Graph.CURVES
    view: CurveView = CurveView()  # noqa: RUF009  (frozen)
    metrics: tuple[str, ...] = ()  # drawn beside accuracy and loss
    layer: str = ""  # "": the first one
    tensor: str = ""
    epoch: int | None = None  # of the histogram; None: the newest
    page: int = 1  # of the table of epochs, 1-based, newest first
    inside: InsidePlace = InsidePlace()  # noqa: RUF009  (frozen)

    @classmethod
    def read(cls, arguments: Mapping[str, Sequence[bytes]]) -> RunPlace | None:
        """From the arguments of a request, as Bokeh hands them over; None when they name no run."""
        words = words_of(arguments)
        first = {name: first_of(words, name) for name in words}
        try:
            run_id = UUID(first.get("id", ""))
        except ValueError:
            return None
        return cls(
            run_id,
            tab=one_of(Tab, first.get("tab", ""), Tab.GENERAL),
            graph=one_of(Graph, first.get("graph", ""), Graph.CURVES),
            view=_view(first),
            metrics=tuple(dict.fromkeys(words.get("metric", ())))[:MOST_METRICS],
            layer=first.get("layer", "")[:200],
            tensor=first.get("tensor", "")[:200],
            epoch=_number(first.get("epoch", "")),
            page=max(1, _number(first.get("page", "")) or 1),
            inside=InsidePlace.read(words),
        )

    def but(self, **changes: object) -> RunPlace:
        """The same with some parts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """Path and query; what is as usual is not said."""
        hidden = [split.value for split in Split if split not in self.view.splits]
        said = [
            ("id", str(self.run_id)),
            ("tab", "" if self.tab is Tab.GENERAL else self.tab.value),
            ("graph", "" if self.graph is Graph.CURVES else self.graph.value),
            ("axis", "" if self.view.axis is Axis.EPOCH else self.view.axis.value),
            ("scale", "log" if self.view.log else ""),
            ("smooth", f"{self.view.smoothing:g}" if self.view.smoothing else ""),
            ("hide", ",".join(hidden)),
            *(("metric", metric) for metric in self.metrics),
            ("layer", self.layer),
            ("tensor", self.tensor),
            ("epoch", "" if self.epoch is None else str(self.epoch)),
            ("page", "" if self.page == 1 else str(self.page)),
            *self.inside.said,
        ]
        return f"/run?{urlencode([(name, value) for name, value in said if value])}"


def smoothing_of(word: str) -> float:
    """0 to 0.99; 0 for what is no number."""
    try:
        value = float(word)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), SMOOTHEST) if math.isfinite(value) else 0.0


def _view(first: Mapping[str, str]) -> CurveView:
    hidden = first.get("hide", "").split(",")
    return CurveView(
        axis=one_of(Axis, first.get("axis", ""), Axis.EPOCH),
        log=first.get("scale") == "log",
        smoothing=smoothing_of(first.get("smooth", "0") or "0"),
        splits=tuple(split for split in Split if split.value not in hidden),
    )


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 10 else None
