"""A chart of lines that follows its numbers: where only they change the browser is sent no more than what is new."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn

from nntracker_ray.figures.drawing import drawn, sources_of
from nntracker_ray.figures.lines import Chart


class LineChart:
    """Call everything where the page's document may be changed."""

    def __init__(self) -> None:
        self.pane = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0)
        self._looks: Hashable = None
        self._sources: dict[str, Any] = {}
        self._sent: dict[str, dict[str, Any]] = {}

    def show(self, chart: Chart) -> None:
        """Show these lines from now on."""
        columns = sources_of(chart)
        if chart.looks == self._looks:
            for name, fresh in columns.items():
                _send(self._sources[name], self._sent[name], fresh)
        else:
            figure = hv.render(drawn(chart, on_page=True))
            self._sources = {renderer.name: renderer.data_source for renderer in figure.renderers}
            self._looks = chart.looks
            self.pane.object = figure
        self._sent = columns


def _send(source: Any, known: dict[str, Any], fresh: dict[str, Any]) -> None:
    """The tail, where the rest is as it was; otherwise everything of this line."""
    length = _length(known)
    if all(_begins_with(fresh[name], known[name]) for name in known):
        if _length(fresh) > length:
            source.stream({name: values[length:] for name, values in fresh.items()})
        return
    source.data = fresh


def _length(columns: dict[str, Any]) -> int:
    return len(next(iter(columns.values())))


def _begins_with(fresh: Any, known: Any) -> bool:
    if len(fresh) < len(known):
        return False
    if isinstance(known, np.ndarray):
        return bool(np.array_equal(fresh[: len(known)], known, equal_nan=known.dtype.kind == "f"))
    if known and isinstance(known[0], np.ndarray):
        return all(np.array_equal(a, b) for a, b in zip(fresh, known, strict=False))
    return list(fresh[: len(known)]) == list(known)
