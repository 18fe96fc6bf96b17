"""Which of the things that were observed the tab *Inside* draws, as its place says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.dashboard.inside_place import InsidePlace
from nntracker_ray.figures.inside_numbers import name_of
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.value_scale import Scale
from nntracker_ray.figures.views import Axis
from nntracker_ray.storage.layer_queries import ObservedSeries


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be drawn."""

    picture: Picture
    metric: str
    tensor: str  # "" for all
    layers: tuple[str, ...]  # () for all; one where the picture is of one
    axis: Axis
    scale: Scale
    series: tuple[ObservedSeries, ...]  # what is drawn of them, in the model's order

    @property
    def subject(self) -> tuple[object, ...]:
        """What it is about, however much of it there is by now."""
        return self.picture, self.metric, self.tensor, self.layers, self.axis, self.scale

    @property
    def name(self) -> str:
        """Of the one array or layer."""
        return name_of(self.series[0].layer, self.series[0].tensor)


def fits(picture: Picture, one: ObservedSeries) -> bool:
    """Whether the picture can show it."""
    return picture.fits(one.metric, one.layer, one.kind)


def offered_metrics(picture: Picture, series: Sequence[ObservedSeries]) -> tuple[str, ...]:
    """Names of the metrics that the picture can show; those of layers first."""
    found = sorted({picture.rank(one.metric, one.layer) for one in series if fits(picture, one)})
    return tuple(dict.fromkeys(metric for *_, metric in found))


def offered_tensors(
    picture: Picture, series: Sequence[ObservedSeries], metric: str, layer: str = ""
) -> tuple[str, ...]:
    """Names of the tensors of a metric; only those of one layer where the picture is of one."""
    found = [one for one in series if one.metric == metric and fits(picture, one)]
    of_layer = [one for one in found if one.layer == layer or not picture.is_of_one]
    return tuple(dict.fromkeys(one.tensor for one in of_layer))


def offered_layers(picture: Picture, series: Sequence[ObservedSeries], metric: str) -> tuple[str, ...]:
    """Names of the layers of a metric, in the model's order."""
    return tuple(dict.fromkeys(one.layer for one in series if one.metric == metric and fits(picture, one)))


def shown_of(place: InsidePlace, series: Sequence[ObservedSeries]) -> Shown | None:
    """What the place means, with what is nearest where it names what is not there; None for nothing to show."""
    metrics = offered_metrics(place.picture, series)
    if not metrics:
        return None
    metric = place.metric if place.metric in metrics else metrics[0]
    there = offered_layers(place.picture, series, metric)
    layers = tuple(layer for layer in there if layer in place.layers)
    if place.picture.is_of_one:
        layers = layers[:1] or there[:1]
    tensors = offered_tensors(place.picture, series, metric, *layers[:1])
    tensor = place.tensor if place.tensor in tensors else tensors[0] if place.picture.is_of_one else ""
    drawn = tuple(
        one
        for one in series
        if one.metric == metric
        and fits(place.picture, one)
        and (not layers or one.layer in layers)
        and (one.tensor == tensor if tensor or place.picture.is_of_one else True)
    )
    return Shown(place.picture, metric, tensor, layers, place.axis, place.scale, drawn)
