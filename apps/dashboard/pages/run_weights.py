"""Captured weights of a run: which array, and its values in three dimensions or as histograms over epochs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import holoviews as hv
import panel as pn

from apps.dashboard.components.chart_grid import CARD, GRID, NO_EXTRAS
from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.scatter3d import Scatter3d
from apps.dashboard.pages.run_weight_pickers import (
    Array,
    Wanted,
    chosen_array,
    epoch_picker,
    name_of,
    nothing_yet,
    pickers,
    wanted_of,
)
from apps.dashboard.run_place import Graph, RunPlace
from apps.dashboard.session import in_background
from apps.heavy_work import Lane
from nntracker_ray.errors import NNTrackerError
from nntracker_ray.figures import histogram_bars, histogram_map, weights_scatter
from nntracker_ray.figures.weights3d import MOST_POINTS
from nntracker_ray.histograms import Histograms, histograms_over_epochs
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

log = logging.getLogger(__name__)

MAP_TITLE = h(
    "h2",
    "All epochs",
    h("span", "colour: the share of the values in each bin", cls="latest"),
    cls="chart-title beside-picker",
)
MOST_VALUES = 20_000_000  # counted into histograms: beyond, evenly spaced epochs are


class WeightsPanel:
    """Follows the place and the captures. Call everything where the page's document may be changed."""

    def __init__(
        self, database: Database, viewer_id: UUID, run_id: UUID, on_deed: Callable[[Deed], None]
    ) -> None:
        self._database = database
        self._who = {"viewer_id": viewer_id, "run_id": run_id}
        self._wanted: Wanted | None = None
        self._drawn: Wanted | None = None
        self._is_reading = False
        self._arranged: Graph | None = None
        self._found: Histograms | None = None
        self._epoch: int | None = None
        self._bar = Elements(h("div")).on_deed(on_deed)
        self._scatter = Scatter3d()
        self._map = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0)
        self._bars = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0)
        self._picker = Elements(h("div")).on_deed(on_deed)
        self._body = pn.Column(sizing_mode="stretch_width", margin=0, stylesheets=[NO_EXTRAS])
        self.layout = pn.Column(self._bar, self._body, sizing_mode="stretch_width", margin=(0, 0, 12, 0))

    def show(self, place: RunPlace, arrays: Sequence[Array]) -> None:
        """Draw what the place says, if it is not drawn already."""
        chosen = chosen_array(place, arrays)
        if chosen is None:
            self._bar.update(nothing_yet())
            self._wanted = self._drawn = self._arranged = None
            self._body[:] = []
            return
        wanted = wanted_of(place, chosen)
        self._bar.update(pickers(arrays, chosen, wanted))
        if wanted.graph is not self._arranged:
            self._arrange(wanted.graph)
        self._wanted = wanted
        if place.epoch != self._epoch:
            self._show_epoch(place.epoch)
        self._read()

    def _read(self) -> None:
        """One reading at a time: captures may come faster than all of them can be read."""
        wanted = self._wanted
        if wanted is not None and wanted != self._drawn and not self._is_reading:
            self._is_reading = True
            in_background(partial(self._found_or_not, wanted), partial(self._draw, wanted), lane=Lane.NUMBERS)

    def _arrange(self, graph: Graph) -> None:
        self._arranged = graph
        if graph is Graph.WEIGHTS:
            self._body[:] = [_card(self._scatter)]
        else:
            both = pn.Column(
                _card(Elements(MAP_TITLE), self._map),
                _card(self._picker, self._bars),
                styles=GRID,
                stylesheets=[NO_EXTRAS],
                margin=0,
                sizing_mode="stretch_width",
            )
            self._body[:] = [both]

    def _found_or_not(self, wanted: Wanted) -> dict[str, Any] | Histograms | None:
        try:
            return self._scattered(wanted) if wanted.graph is Graph.WEIGHTS else self._counted(wanted)
        except NNTrackerError:
            return None  # the page says that the database is away, and shows again when it is back
        except Exception:
            log.exception("captured weights could not be read")
            return None

    def _scattered(self, wanted: Wanted) -> dict[str, Any]:
        with self._database.connection() as conn:
            columns = queries.reduced_weights(
                conn, **self._who, layer=wanted.layer, tensor=wanted.tensor, max_points=MOST_POINTS
            )
        return weights_scatter(columns, name=name_of(wanted), size=wanted.size)

    def _counted(self, wanted: Wanted) -> Histograms:
        with self._database.connection() as conn:
            read = partial(
                queries.captures_of_array,
                conn,
                **self._who,
                layer=wanted.layer,
                tensor=wanted.tensor,
                most_values=MOST_VALUES,
            )
            return histograms_over_epochs(read)

    def _draw(self, wanted: Wanted, found: dict[str, Any] | Histograms | None) -> None:
        self._is_reading = False
        if found is None:
            self._wanted = None if self._wanted == wanted else self._wanted
        elif self._wanted is not None and wanted.array == self._wanted.array:
            self._drawn = wanted
            self._draw_found(wanted, found)
        self._read()  # somebody may have chosen another array meanwhile, and another capture may have come

    def _draw_found(self, wanted: Wanted, found: dict[str, Any] | Histograms) -> None:
        if isinstance(found, Histograms):
            self._found = found
            self._map.object = hv.render(histogram_map(found, name=name_of(wanted)))
            self._show_epoch(self._epoch)
        else:
            self._scatter.figure = found

    def _show_epoch(self, epoch: int | None) -> None:
        self._epoch = epoch
        if self._found is None or self._drawn is None:
            return
        epochs = self._found.epochs.tolist()
        shown = min(epochs, key=lambda one: abs(one - epoch)) if epoch is not None else epochs[-1]
        self._picker.update(epoch_picker(epochs, shown))
        self._bars.object = hv.render(histogram_bars(self._found, shown, name=name_of(self._drawn)))


def _card(*content: Any) -> Any:
    return pn.Column(*content, styles=CARD, margin=0, sizing_mode="stretch_width", stylesheets=[NO_EXTRAS])
