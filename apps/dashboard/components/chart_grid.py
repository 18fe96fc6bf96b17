"""Charts side by side, one for each metric that is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import panel as pn

from apps.dashboard import words
from apps.dashboard.components.chart import MetricChart
from apps.dashboard.components.elements import Elements, h
from apps.dashboard.components.swatch import swatch
from apps.dashboard.components.trees import Tree
from apps.dashboard.curve_rows import CurveRows
from nntracker_ray.figures import CurveView, RateChange, known_metrics
from nntracker_ray.figures.palette import SPLIT_DASHES, color_of_split
from nntracker_ray.figures.views import Split

ALWAYS = ("accuracy", "loss")
GRID = {
    "display": "grid",
    "grid-template-columns": "repeat(auto-fit, minmax(min(100%, 420px), 1fr))",
    "gap": "12px",
    "width": "100%",
}
NO_EXTRAS = ".scroll-button { display: none; }"  # Panel adds one to every column; here it would fill a cell
CARD = {
    "background": "var(--panel-surface-color)",
    "border": "1px solid color-mix(in srgb, var(--panel-on-surface-color) 12%, var(--panel-surface-color))",
    "border-radius": "10px",
    "padding": "10px 12px 4px",
    "min-width": "0",
}


def chart_title(metric: str, latest: Mapping[str, float], drawn: Collection[Split]) -> Tree:
    """The metric's name and its latest values, each beside a bit of its line: the legend of the chart."""
    said = [
        h(
            "span",
            swatch(color_of_split(split), SPLIT_DASHES[split]) if split in drawn else None,
            f"{split} ",
            h("b", words.number(latest[split.prefix + metric])),
            cls="latest num",
        )
        for split in Split
        if split.prefix + metric in latest
    ]
    return h("h2", metric, *said, cls="chart-title")


def shown_metrics(latest: Mapping[str, float], further: Sequence[str]) -> tuple[str, ...]:
    """Accuracy and loss as far as the run has them, then the further ones that it has."""
    known = known_metrics(latest)
    return tuple(name for name in (*ALWAYS, *further) if name in known) or ALWAYS


class ChartGrid:
    """Charts of one run. Call everything where the page's document may be changed."""

    def __init__(self) -> None:
        self._rows = CurveRows()
        self._view, self._changes = CurveView(), tuple[RateChange, ...]()
        self._titles: dict[str, Elements] = {}
        self._charts: dict[str, MetricChart] = {}
        self.layout = pn.Column(
            styles=GRID, stylesheets=[NO_EXTRAS], margin=(0, 0, 12, 0), sizing_mode="stretch_width"
        )

    def show(
        self, rows: CurveRows, view: CurveView, further: Sequence[str], changes: tuple[RateChange, ...]
    ) -> None:
        """Follow the rows: draw when they or the view are others than before, else send what is new."""
        self._changes = changes
        if rows is not self._rows or view != self._view:
            self._rows, self._view = rows, view
            self._charts.clear()
            self._titles.clear()
        for chart in self._charts.values():
            chart.extend(changes)
        self._arrange(shown_metrics(rows.latest, further))
        for metric, title in self._titles.items():
            title.update(chart_title(metric, rows.latest, self._view.splits))

    def _arrange(self, wanted: tuple[str, ...]) -> None:
        if tuple(self._charts) == wanted:
            return
        self._charts = {metric: self._charts.get(metric) or self._chart(metric) for metric in wanted}
        self._titles = {
            metric: self._titles.get(metric)
            or Elements(chart_title(metric, self._rows.latest, self._view.splits))
            for metric in wanted
        }
        self.layout[:] = [self._card(metric) for metric in wanted]

    def _chart(self, metric: str) -> MetricChart:
        return MetricChart(metric, self._rows, self._view, self._changes)

    def _card(self, metric: str) -> Any:
        return pn.Column(
            self._titles[metric],
            self._charts[metric].pane,
            styles=CARD,
            margin=0,
            sizing_mode="stretch_width",
        )
