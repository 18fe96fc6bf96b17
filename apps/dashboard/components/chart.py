"""A chart of one metric that grows: the browser is sent new points, never the history again."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import pandas as pd
import panel as pn

from nntracker_ray.figures import MARKS_LABEL, curve_series, learning_curves, mark_height


class MetricChart:
    """Draws with the figures of notebooks, then feeds the drawn lines."""

    def __init__(self, metric: str, frame: pd.DataFrame) -> None:
        self.metric = metric
        self.pane = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0, styles={"font-size": "12px"})
        self._sources: dict[str, Any] = {}
        self.draw(frame)

    def draw(self, frame: pd.DataFrame) -> None:
        """Draw anew from all rows."""
        figure = hv.render(learning_curves(frame, self.metric))
        self._sources = {renderer.name: renderer.data_source for renderer in figure.renderers}
        self.pane.object = figure

    def extend(self, fresh: pd.DataFrame, everything: pd.DataFrame) -> None:
        """Add the rows of `fresh`; a series not seen before, as the test values at the end, means drawing anew."""
        series = curve_series(fresh, self.metric)
        if any(one.label not in self._sources for one in series):
            self.draw(everything)
            return
        for one in series:
            self._stream(one.label, {"epoch": one.epochs, "value": one.values})
            heights = [mark_height(value) for value in one.lost_values]
            self._stream(MARKS_LABEL, {"epoch": one.lost_epochs, "height": heights})

    def _stream(self, name: str, columns: dict[str, Any]) -> None:
        if len(columns["epoch"]):
            self._sources[name].stream(columns)
