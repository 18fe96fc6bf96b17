"""Captured weights of a run: which array, and its values in three dimensions or as histograms over epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import holoviews as hv
import panel as pn

from apps.dashboard import words
from apps.dashboard.components.chart_grid import CARD, GRID, NO_EXTRAS
from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.scatter3d import Scatter3d
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message
from apps.dashboard.run_place import Graph, RunPlace
from apps.dashboard.session import in_background
from nntracker_ray.figures import histogram_bars, histogram_map, weights_scatter
from nntracker_ray.figures.weights3d import MOST_POINTS
from nntracker_ray.histograms import Histograms, histograms_over_epochs
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

MOST_VALUES = 20_000_000  # counted into histograms: beyond, evenly spaced epochs are
Array = dict[str, Any]  # a line of `weight_arrays`


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be drawn."""

    graph: Graph
    layer: str
    tensor: str
    epochs: tuple[int, ...]  # that are captured by now
    size: int  # numbers in the array


class WeightsPanel:
    """Follows the place and the captures. Call everything where the page's document may be changed."""

    def __init__(
        self, database: Database, viewer_id: UUID, run_id: UUID, on_deed: Callable[[Deed], None]
    ) -> None:
        self._database = database
        self._who = {"viewer_id": viewer_id, "run_id": run_id}
        self._wanted: Wanted | None = None
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
        chosen = _chosen(place, arrays)
        if chosen is None:
            self._bar.update(_nothing_yet())
            return
        wanted = _wanted(place, chosen)
        self._bar.update(_pickers(arrays, chosen, wanted))
        if wanted != self._wanted:
            self._wanted, self._found = wanted, None
            self._arrange(wanted.graph)
            work = self._scattered if wanted.graph is Graph.WEIGHTS else self._counted
            in_background(partial(work, wanted), partial(self._draw, wanted, place.epoch))
        elif place.epoch != self._epoch:
            self._show_epoch(place.epoch)

    def _arrange(self, graph: Graph) -> None:
        if graph is Graph.WEIGHTS:
            self._body[:] = [_card(self._scatter)]
        else:
            both = pn.Column(
                _card(self._map),
                _card(self._picker, self._bars),
                styles=GRID,
                stylesheets=[NO_EXTRAS],
                margin=0,
                sizing_mode="stretch_width",
            )
            self._body[:] = [both]

    def _scattered(self, wanted: Wanted) -> dict[str, Any]:
        with self._database.connection() as conn:
            columns = queries.reduced_weights(
                conn, **self._who, layer=wanted.layer, tensor=wanted.tensor, max_points=MOST_POINTS
            )
        return weights_scatter(columns, name=_name(wanted), size=wanted.size)

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

    def _draw(self, wanted: Wanted, epoch: int | None, found: Any) -> None:
        if wanted != self._wanted:
            return  # somebody has chosen another array meanwhile
        if isinstance(found, Histograms):
            self._found = found
            self._map.object = hv.render(histogram_map(found, name=_name(wanted)))
            self._show_epoch(epoch)
        else:
            self._scatter.figure = found

    def _show_epoch(self, epoch: int | None) -> None:
        self._epoch = epoch
        if self._found is None or self._wanted is None:
            return
        epochs = self._found.epochs.tolist()
        shown = min(epochs, key=lambda one: abs(one - epoch)) if epoch is not None else epochs[-1]
        self._picker.update(_epoch_picker(epochs, shown))
        self._bars.object = hv.render(histogram_bars(self._found, shown, name=_name(self._wanted)))


def place_after(place: RunPlace, deed: Deed) -> RunPlace | None:
    """Where a deed on the pickers leads; None for another deed."""
    match deed.act:
        case "layer":
            return place.but(layer=deed.value[:200], tensor="")
        case "tensor":
            return place.but(tensor=deed.value[:200])
        case "capture" if deed.value.isdecimal() and len(deed.value) < 10:
            return place.but(epoch=int(deed.value))
    return None


def _chosen(place: RunPlace, arrays: Sequence[Array]) -> Array | None:
    """The array that the place names, else the first one of its layer, else the first one with many numbers."""
    of_layer = [one for one in arrays if one["layer_name"] == place.layer] or list(arrays)
    named = [one for one in of_layer if one["tensor"] == place.tensor]
    return next(iter(named or of_layer), None)


def _wanted(place: RunPlace, array: Array) -> Wanted:
    size = 1
    for length in array["shape"]:
        size *= length
    return Wanted(place.graph, array["layer_name"], array["tensor"], tuple(array["epochs"]), size)


def _name(wanted: Wanted) -> str:
    return f"{wanted.layer} / {wanted.tensor}"


def _pickers(arrays: Sequence[Array], chosen: Array, wanted: Wanted) -> Tree:
    layers = list(dict.fromkeys(one["layer_name"] for one in arrays))
    tensors = [one["tensor"] for one in arrays if one["layer_name"] == chosen["layer_name"]]
    shape = words.TIMES.join(map(str, chosen["shape"])) or "a number"
    about = f"{shape}, {chosen['dtype']}, {words.plural(len(wanted.epochs), 'capture')}"
    if wanted.graph is Graph.WEIGHTS and wanted.size * len(wanted.epochs) > MOST_POINTS:
        about += f"; of {wanted.size * len(wanted.epochs):,} values the extremes of each stretch are drawn"
    return h(
        "div",
        _select("layer", "Layer", layers, chosen["layer_name"]),
        _select("tensor", "Array", tensors, chosen["tensor"]),
        h("span", about, cls="about"),
        cls="filters",
    )


def _select(act: str, label: str, options: Sequence[str], value: str) -> Tree:
    choices = [
        h("option", one, value=one, selected=True if one == value else None, data_key=one) for one in options
    ]
    select = h("select", *choices, value=value, data_act=act, id=f"pick-{act}")
    return h("span", h("label", label, for_=f"pick-{act}"), select, cls="slider")


def _epoch_picker(epochs: Sequence[int], shown: int) -> Tree:
    place = epochs.index(shown)
    before, after = epochs[max(0, place - 1)], epochs[min(len(epochs) - 1, place + 1)]
    select = h(
        "select",
        *(
            h("option", str(one), value=one, selected=True if one == shown else None, data_key=one)
            for one in epochs
        ),
        value=str(shown),
        data_act="capture",
        id="pick-epoch",
    )
    return h(
        "div",
        h("label", "Epoch", for_="pick-epoch"),
        _step("◂", "The capture before", before, shown),
        select,
        _step("▸", "The next capture", after, shown),
        cls="slider",
    )


def _step(text: str, label: str, epoch: int, shown: int) -> Tree:
    return h(
        "button",
        text,
        type="button",
        data_act="capture",
        data_value=epoch,
        aria_label=label,
        disabled=True if epoch == shown else None,
    )


def _nothing_yet() -> Tree:
    return message(
        "No weights captured yet",
        "The first capture is made at the end of epoch 0; this page shows it by itself.",
        cls="small",
    )


def _card(*content: Any) -> Any:
    return pn.Column(*content, styles=CARD, margin=0, sizing_mode="stretch_width", stylesheets=[NO_EXTRAS])
