"""A chart of one metric that grows: the browser is sent new points, never the history again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import pandas as pd
import panel as pn

from nntracker_ray.figures import (
    MARKS_LABEL,
    SMOOTH_LABEL,
    CurveView,
    RateChange,
    Series,
    curve_series,
    learning_curves,
    mark_height,
)


class MetricChart:
    """Draws with the figures of notebooks, then feeds the drawn lines."""

    def __init__(
        self, metric: str, frame: pd.DataFrame, view: CurveView, changes: Sequence[RateChange] = ()
    ) -> None:
        self.metric = metric
        self.pane = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0, styles={"font-size": "12px"})
        self._view, self._changes = view, changes
        self._sources: dict[str, Any] = {}
        self._drawn: dict[str, Series] = {}  # by label, with every point: what the browser has
        self.draw(frame)

    def draw(self, frame: pd.DataFrame) -> None:
        """Draw anew from all rows."""
        overlay = learning_curves(frame, self.metric, view=self._view, changes=self._changes)
        figure = hv.render(overlay)
        self._sources = {renderer.name: renderer.data_source for renderer in figure.renderers}
        self._drawn = {one.label: one for one in self._series(frame)}
        self.pane.object = figure

    def extend(self, everything: pd.DataFrame) -> None:
        """Add what the browser lacks; a series not seen before, as the test values at the end, means drawing anew."""
        series = self._series(everything)
        if any(one.label not in self._drawn or not _goes_on(self._drawn[one.label], one) for one in series):
            self.draw(everything)
            return
        for one in series:
            self._feed(one, self._drawn[one.label])
            self._drawn[one.label] = one

    def _series(self, frame: pd.DataFrame) -> tuple[Series, ...]:
        return curve_series(frame, self.metric, view=self._view)

    def _feed(self, now: Series, before: Series) -> None:
        known, marked, calm = len(before.epochs), len(before.lost_epochs), len(before.smooth_epochs)
        self._stream(now.label, {"epoch": now.epochs[known:], "value": now.values[known:]})
        self._stream(
            f"{now.label} {SMOOTH_LABEL}",
            {"epoch": now.smooth_epochs[calm:], "value": now.smooth_values[calm:]},
        )
        lost = now.lost_values[marked:]
        marks = {
            "epoch": now.lost_epochs[marked:],
            "height": [mark_height(value) for value in lost],
            "was": [str(value) for value in lost],
            "series": [now.label] * len(lost),
        }
        source = self._sources[MARKS_LABEL]
        self._stream(MARKS_LABEL, {name: marks[name] for name in source.data if name in marks})

    def _stream(self, name: str, columns: dict[str, Any]) -> None:
        if len(columns["epoch"]):
            self._sources[name].stream(columns)


def _goes_on(before: Series, now: Series) -> bool:
    """Whether the points that are drawn are the first ones of those there are now."""
    count = len(before.epochs)
    if not count or len(now.epochs) < count:
        return count == 0 and len(now.inherited_epochs) == len(before.inherited_epochs)
    same_end = now.epochs[count - 1] == before.epochs[-1]
    return bool(same_end) and len(now.inherited_epochs) == len(before.inherited_epochs)
