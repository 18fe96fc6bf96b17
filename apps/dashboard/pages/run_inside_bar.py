"""Above the pictures of the inside of a run: which picture, of which metric, tensor and layers, along which axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.dashboard.components.elements import Deed, h
from apps.dashboard.components.fields import checkbox, segmented
from apps.dashboard.components.trees import Tree
from apps.dashboard.inside_place import LONGEST, MOST_LAYERS, InsidePlace
from apps.dashboard.pages.inside_shown import Shown, offered_layers, offered_metrics, offered_tensors
from apps.dashboard.pages.inside_words import about_metric
from apps.dashboard.run_place import RunPlace
from nntracker_ray.figures.inside_numbers import WHOLE_RUN
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.value_scale import Scale
from nntracker_ray.figures.views import Axis
from nntracker_ray.storage.layer_queries import ObservedSeries

PICTURES = (
    (Picture.HEAT, "Heat map"),
    (Picture.LINES, "Lines"),
    (Picture.RATIO, "Update ratio"),
    (Picture.HISTOGRAM, "Histograms"),
    (Picture.SIMILARITY, "Similarity"),
)
AXES = ((Axis.EPOCH, "Epoch"), (Axis.STEP, "Step"))
SCALES = ((Scale.AUTO, "Auto"), (Scale.LINEAR, "Linear"), (Scale.LOG, "Log"))
ALL = "all"


def inside_bar(
    place: InsidePlace, shown: Shown | None, series: Sequence[ObservedSeries], *, summary: str = ""
) -> Tree:
    """The controls of the picture that is shown.

    Args:
        place: What people have chosen.
        shown: What comes of it; None: this picture has nothing to show.
        series: All that was recorded.
        summary: What the author of the metric that is shown says of it, where it is a plug-in's.
    """
    kinds = segmented("inside-picture", "What to draw", PICTURES, place.picture)
    if shown is None:
        return h("div", h("div", kinds, cls="views"), cls="graph-bar")
    metrics = offered_metrics(place.picture, series)
    layers = offered_layers(place.picture, series, shown.metric)
    tensors = offered_tensors(place.picture, series, shown.metric, *shown.layers[:1])
    of_one = place.picture.is_of_one
    controls = h(
        "div",
        _select("inside-metric", "Metric", [(one, one) for one in metrics], shown.metric),
        _one_layer(layers, shown) if of_one else _layers(layers, shown),
        _tensor(tensors, shown) if len(tensors) > 1 else None,
        segmented("inside-axis", "Axis", AXES, place.axis),
        segmented("inside-scale", "Scale of values", SCALES, place.scale)
        if has_scale(place.picture)
        else None,
        cls="filters graph-bar",
    )
    about = about_metric(shown.metric, summary)
    return h("div", h("div", kinds, cls="views"), controls, h("p", about, cls="about") if about else None)


def has_scale(picture: Picture) -> bool:
    """Whether people choose how its values are laid out."""
    return picture in (Picture.HEAT, Picture.LINES)


def place_after(place: RunPlace, deed: Deed) -> RunPlace | None:
    """Where a deed on the bar leads; None for a deed that is not of the bar, or of a browser that makes things up."""
    try:
        return place.but(inside=DEEDS[deed.act](place.inside, deed))
    except (KeyError, ValueError):
        return None


def _picture(place: InsidePlace, deed: Deed) -> InsidePlace:
    picture = Picture(deed.value)
    both = {place.picture, picture} <= {Picture.HEAT, Picture.LINES}  # they show the same numbers
    return replace(place, picture=picture) if both else replace(place, picture=picture, metric="", tensor="")


def _layer(place: InsidePlace, deed: Deed) -> InsidePlace:
    others = tuple(layer for layer in place.layers if layer != deed.value)
    return replace(place, layers=(*others, deed.value[:LONGEST])[:MOST_LAYERS] if deed.checked else others)


DEEDS: Mapping[str, Callable[[InsidePlace, Deed], InsidePlace]] = {
    "inside-picture": _picture,
    "inside-metric": lambda place, deed: replace(place, metric=deed.value[:LONGEST]),
    "inside-tensor": lambda place, deed: replace(place, tensor=_meant(deed.value)),
    "inside-layer": _layer,
    "inside-layers": lambda place, _: replace(place, layers=()),
    "inside-one-layer": lambda place, deed: replace(place, layers=(deed.value[:LONGEST],), tensor=""),
    "inside-axis": lambda place, deed: replace(
        place, axis={"step": Axis.STEP, "epoch": Axis.EPOCH}[deed.value]
    ),
    "inside-scale": lambda place, deed: replace(place, scale=Scale(deed.value)),
}


def _meant(value: str) -> str:
    """A choice of all has a value that no tensor has: browsers say nothing of an empty one."""
    return "" if value == f"/{ALL}" else value[:LONGEST]


def _tensor(tensors: Sequence[str], shown: Shown) -> Tree:
    options = [(one, one or "first call") for one in tensors]
    if not shown.picture.is_of_one:
        options.insert(0, (f"/{ALL}", f"{ALL} {len(tensors)}"))
    return _select("inside-tensor", "Array", options, shown.tensor or options[0][0])


def _one_layer(layers: Sequence[str], shown: Shown) -> Tree:
    options = [(one, one or WHOLE_RUN) for one in layers]
    return _select("inside-one-layer", "Layer", options, *shown.layers[:1])


def _layers(layers: Sequence[str], shown: Shown) -> Tree | None:
    if len(layers) < 2:
        return None
    boxes = {
        name: checkbox(name or WHOLE_RUN, checked=name in shown.layers, act="inside-layer", value=name)
        for name in layers
    }
    items = [h("li", box, data_key=name) for name, box in boxes.items()]
    chosen = f"{len(shown.layers)} of {len(layers)}" if shown.layers else f"{ALL} {len(layers)}"
    every = h(
        "button", "All layers", type="button", data_act="inside-layers", disabled=not shown.layers or None
    )
    return h(
        "details", h("summary", f"Layers: {chosen}"), h("ul", h("li", every, data_key=""), *items),
        cls="menu wide layers", data_menu=True,
    )  # fmt: skip


def _select(act: str, label: str, options: Sequence[tuple[str, Any]], value: str) -> Tree:
    choices = [
        h("option", text, value=key, selected=True if key == value else None, data_key=key)
        for key, text in options
    ]
    select = h("select", *choices, value=value, data_act=act, id=f"pick-{act}")
    return h("span", h("label", label, for_=f"pick-{act}"), select, cls="slider")
