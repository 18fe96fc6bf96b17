"""Which captured array is drawn, as the address and the pickers above it say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.dashboard import words
from apps.dashboard.components.elements import Deed, h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message
from apps.dashboard.run_place import Graph, RunPlace
from nntracker_ray.figures.weights3d import MOST_POINTS

Array = dict[str, Any]  # a line of `weight_arrays`


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be drawn."""

    graph: Graph
    layer: str
    tensor: str
    epochs: tuple[int, ...]  # that are captured by now
    size: int  # numbers in the array

    @property
    def array(self) -> tuple[Graph, str, str]:
        """What is drawn, whatever its epochs."""
        return self.graph, self.layer, self.tensor


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


def chosen_array(place: RunPlace, arrays: Sequence[Array]) -> Array | None:
    """The array that the place names, else the largest one of its layer, else of all."""
    of_layer = [one for one in arrays if one["layer_name"] == place.layer] or list(arrays)
    named = [one for one in of_layer if one["tensor"] == place.tensor]
    return max(named or of_layer, key=_size, default=None)


def _size(array: Array) -> int:
    return math.prod(array["shape"])


def wanted_of(place: RunPlace, array: Array) -> Wanted:
    """What is to be drawn of the array."""
    return Wanted(place.graph, array["layer_name"], array["tensor"], tuple(array["epochs"]), _size(array))


def name_of(wanted: Wanted) -> str:
    """Of the array, for people."""
    return f"{wanted.layer} / {wanted.tensor}"


def pickers(arrays: Sequence[Array], chosen: Array, wanted: Wanted) -> Tree:
    """Layer and array, and what is drawn of them."""
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


def epoch_picker(epochs: Sequence[int], shown: int) -> Tree:
    """One of the captures, and the way to those beside it."""
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


def nothing_yet() -> Tree:
    """Before the first capture."""
    return message(
        "No weights captured yet",
        "The first capture is made at the end of epoch 0; this page shows it by itself.",
        cls="small",
    )
