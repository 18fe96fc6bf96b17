"""A chart of one metric that grows: the browser is sent new points, never the history again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import holoviews as hv
import pandas as pd
import panel as pn

from apps.dashboard.curve_rows import CurveRows, Row
from nntracker_ray.figures import (
    MARKS_LABEL,
    SMOOTH_LABEL,
    Axis,
    CurveView,
    RateChange,
    Tail,
    curve_series,
    learning_curves,
    mark_height,
    split_of,
)
from nntracker_ray.figures.rate_changes import MOST_MARKS, mark_columns
from nntracker_ray.figures.views import TIME_METRIC


class MetricChart:
    """Draws with the figures of notebooks, then feeds the drawn lines."""

    def __init__(
        self, metric: str, rows: CurveRows, view: CurveView, changes: tuple[RateChange, ...] = ()
    ) -> None:
        self.metric = metric
        self.pane = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0, styles={"font-size": "12px"})
        self._rows, self._view, self._changes = rows, view, changes
        self._sources: dict[str, Any] = {}
        self._tails: dict[str, Tail] = {}  # by split
        self._seen = 0  # rows that the browser knows
        self.draw()

    def draw(self) -> None:
        """Draw anew from all rows."""
        frame = self._rows.frame
        figure = hv.render(
            learning_curves(frame, self.metric, view=self._view, changes=self._changes, on_page=True)
        )
        self._sources = {renderer.name: renderer.data_source for renderer in figure.renderers}
        self._tails = {
            one.label: Tail.of(one, weight=self._view.smoothing, log=self._view.log)
            for one in curve_series(frame, self.metric, view=self._view)
        }
        self._seen = len(frame)
        self.pane.object = figure

    def extend(self, changes: tuple[RateChange, ...] = ()) -> None:
        """Add what the browser lacks; a series not seen before, as the test values at the end, means drawing anew.

        Args:
            changes: All of them by now.
        """
        known, self._changes = self._changes, changes
        if not self._mark(known, changes):
            self.draw()
            return
        fresh = self._rows.since(self._seen)
        self._seen += len(fresh)
        by_split = self._by_split(fresh)
        places = {split: self._places(rows, fresh) for split, rows in by_split.items()}
        if any(not self._goes_on(split, at) for split, at in places.items()):
            self.draw()
            return
        for split, rows in by_split.items():
            self._feed(split, places[split] or (), [row.value for row in rows])

    def _mark(self, known: tuple[RateChange, ...], changes: tuple[RateChange, ...]) -> bool:
        """Whether the marks stand where they should; False where the chart must be drawn anew for them."""
        was_marked, is_marked = (0 < len(some) <= MOST_MARKS for some in (known, changes))
        if changes == known or not (was_marked or is_marked):
            return True
        # Where the clock stood is told by all rows alone.
        if not (was_marked and is_marked) or self._view.axis is Axis.TIME or changes[: len(known)] != known:
            return False
        for name, columns in mark_columns(changes[len(known) :], self._view.axis, pd.DataFrame()).items():
            self._stream(name, columns)
        return True

    def _by_split(self, rows: Sequence[Row]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            metric, split = split_of(row.metric)
            if metric == self.metric and split in self._view.splits:
                found[str(split)].append(row)
        return {split: sorted(of_one, key=lambda row: row.epoch) for split, of_one in found.items()}

    def _places(self, rows: Sequence[Row], fresh: Sequence[Row]) -> list[float] | None:
        """Where they stand on the axis; None when that is not to be told from what is new."""
        if self._view.axis is Axis.EPOCH:
            return [row.epoch for row in rows]
        if self._view.axis is Axis.STEP:
            return [row.step for row in rows]
        clock = {row.epoch: row.value for row in fresh if row.metric == TIME_METRIC}
        at = [clock.get(row.epoch) for row in rows]
        return None if None in at else [place for place in at if place is not None]

    def _goes_on(self, split: str, places: Sequence[float] | None) -> bool:
        tail = self._tails.get(split)
        return tail is not None and places is not None and places[0] > tail.last

    def _feed(self, split: str, places: Sequence[float], values: Sequence[float]) -> None:
        line, calm, marks = self._tails[split].take(places, values)
        self._stream(split, line)
        self._stream(f"{split} {SMOOTH_LABEL}", calm)
        lost = {
            "epoch": marks["epoch"],
            "height": [mark_height(value) for value in marks["value"]],
            "was": [str(value) for value in marks["value"]],
            "series": [split] * len(marks["epoch"]),
        }
        held = self._sources[MARKS_LABEL].data
        self._stream(MARKS_LABEL, {name: column for name, column in lost.items() if name in held})

    def _stream(self, name: str, columns: dict[str, Any]) -> None:
        if len(columns["epoch"]):
            self._sources[name].stream(columns)
