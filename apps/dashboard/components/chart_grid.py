"""Accuracy and loss side by side, and any further metric that one asks for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from apps.dashboard import words
from apps.dashboard.components.chart import MetricChart
from apps.dashboard.components.elements import Elements, h
from apps.dashboard.components.trees import Tree
from apps.dashboard.curve_rows import CurveRows
from nntracker_ray.figures import known_metrics

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


def chart_title(metric: str, frame: pd.DataFrame) -> Tree:
    """The metric's name and its latest values."""
    newest = frame.drop_duplicates("metric", keep="last")
    latest = dict(zip(newest["metric"], newest["value"], strict=True))
    parts = [("train", metric), ("validation", f"val_{metric}"), ("test", f"test_{metric}")]
    said = [
        h("span", f"{name} ", h("b", words.number(float(latest[key]))), cls="latest num")
        for name, key in parts
        if key in latest
    ]
    return h("h2", metric, *said, cls="chart-title")


class ChartGrid:
    """Charts of one run. Call everything where the page's document may be changed."""

    def __init__(self) -> None:
        self._rows = CurveRows()
        self._titles: dict[str, Elements] = {}
        self._charts: dict[str, MetricChart] = {}
        self._more = pmui.MultiChoice(
            label="More metrics",
            options=[],
            visible=False,
            visual_size="small",
            sizing_mode="stretch_width",
            max_width=340,
            margin=(10, 0, 0, 0),
            styles={"background": "var(--panel-surface-color)", "border-radius": "8px"},
        )
        self._more.param.watch(lambda _event: self._arrange(), "value")
        self._grid = pn.Column(styles=GRID, stylesheets=[NO_EXTRAS], margin=0, sizing_mode="stretch_width")
        self.layout = pn.Column(self._grid, self._more, sizing_mode="stretch_width", margin=(0, 0, 12, 0))

    def show(self, fresh: pd.DataFrame, rows: CurveRows) -> None:
        """Follow the rows: draw when they are others than before, else send what is new."""
        anew = rows is not self._rows
        self._rows = rows
        self._offer(rows.frame)
        if anew or not self._charts:
            self._charts.clear()
            self._arrange()
        elif not fresh.empty:
            self._extend(fresh)

    def _offer(self, frame: pd.DataFrame) -> None:
        further = [name for name in known_metrics(frame["metric"].unique()) if name not in ALWAYS]
        if further != self._more.options:
            self._more.param.update(options=further, visible=bool(further))

    def _extend(self, fresh: pd.DataFrame) -> None:
        for metric, chart in self._charts.items():
            chart.extend(fresh, self._rows.frame)
            self._titles[metric].update(chart_title(metric, self._rows.frame))

    def _arrange(self) -> None:
        wanted = [*ALWAYS, *self._more.value]
        for metric in [name for name in self._charts if name not in wanted]:
            del self._charts[metric], self._titles[metric]
        for metric in wanted:
            if metric not in self._charts:
                self._titles[metric] = Elements(chart_title(metric, self._rows.frame))
                self._charts[metric] = MetricChart(metric, self._rows.frame)
        self._grid[:] = [self._card(metric) for metric in wanted]

    def _card(self, metric: str) -> Any:
        return pn.Column(
            self._titles[metric],
            self._charts[metric].pane,
            styles=CARD,
            margin=0,
            sizing_mode="stretch_width",
        )
