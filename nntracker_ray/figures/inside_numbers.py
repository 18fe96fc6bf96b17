"""Metrics of layers as plain numbers: one series for each array, and cells of layer x epoch or layer x step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.figures.cell_edges import cell_edges
from nntracker_ray.figures.views import Axis

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Frame: TypeAlias = pd.DataFrame | Mapping[str, Any]  # columns metric, layer, tensor, epoch, step, value
WHOLE_RUN = "whole run"  # what a metric without a layer is of
MOST_COLUMNS = 400  # of a heat map: more would be less than two pixels wide


@dataclass(frozen=True, slots=True, eq=False)
class LayerSeries:
    """One metric of one array or call of a layer, in order of steps."""

    name: str  # "dense_4", with the tensor where the layer has several: "dense_4 / kernel"
    layer: str
    tensor: str
    epochs: Integers  # 0-based, (n,)
    steps: Integers  # updates made, (n,)
    values: Floats  # as measured, (n,)

    def places(self, axis: Axis) -> Integers:
        """Where its looks stand from left to right: by step, or else by epoch."""
        return self.steps if axis is Axis.STEP else self.epochs


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One metric of many series: rows are series, columns epochs or steps. Nothing is left out, much is summed up."""

    names: tuple[str, ...]  # of the rows, from the top, (r,)
    places: Integers  # the last epoch or step of each column, (c,)
    edges: Floats  # of the columns, (c + 1,)
    value: Floats  # of the newest look in each cell, (r, c), as measured; nan without looks
    low: Floats  # the least finite value of the cell's looks, (r, c); nan where there is none
    high: Floats  # the greatest, (r, c)
    looks: Integers  # (r, c)
    lost: Integers  # looks whose value was not finite, (r, c)
    grouped: int = 1  # epochs or steps in a column


def layer_series(
    frame: Frame,
    metric: str,
    *,
    tensor: str = "",
    layers: Sequence[str] = (),
    order: Sequence[str] = (),
) -> tuple[LayerSeries, ...]:
    """The series of one metric, in the model's order.

    Args:
        tensor: Only this one of each layer; "" for all.
        layers: Only these; () for all.
        order: Names of layers as the model has them; those not in it come after them, by name.
    """
    columns = {
        name: np.asarray(frame[name]) for name in ("metric", "layer", "tensor", "epoch", "step", "value")
    }
    wanted = (columns["metric"] == metric) & ((columns["tensor"] == tensor) if tensor else True)
    wanted &= np.isin(columns["layer"], list(layers)) if layers else True
    places = np.flatnonzero(wanted)
    found: dict[tuple[str, str], list[int]] = {}
    for place in places[np.argsort(columns["step"][places], kind="stable")].tolist():
        key = str(columns["layer"][place]), str(columns["tensor"][place])
        found.setdefault(key, []).append(place)
    names = names_of(found)
    rank = {layer: position for position, layer in enumerate(order)}
    keys = sorted(found, key=lambda key: (rank.get(key[0], len(rank)), key))
    return tuple(_series(names[key], *key, columns, found[key]) for key in keys)


def _series(name: str, layer: str, tensor: str, columns: Mapping[str, Any], at: list[int]) -> LayerSeries:
    return LayerSeries(
        name,
        layer,
        tensor,
        columns["epoch"][at].astype(np.int64),
        columns["step"][at].astype(np.int64),
        columns["value"][at].astype(np.float64),
    )


def names_of(keys: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], str]:
    """What to call each (layer, tensor): the layer alone where it has only one."""
    of_layer: dict[str, int] = {}
    for layer, _ in keys:
        of_layer[layer] = of_layer.get(layer, 0) + 1
    return {key: name_of(*key, alone=of_layer[key[0]] == 1) for key in keys}


def name_of(layer: str, tensor: str, *, alone: bool = False) -> str:
    """Of one array or call, for people.

    >>> name_of("dense_4", "kernel"), name_of("dense_4", "kernel", alone=True), name_of("", "")
    ('dense_4 / kernel', 'dense_4', 'whole run')
    """
    called = layer or WHOLE_RUN
    return called if alone or not tensor else f"{called} / {tensor}"


def cells_of(series: Sequence[LayerSeries], axis: Axis, *, most_columns: int = MOST_COLUMNS) -> Cells:
    """Every look of the series in the cell of its epoch or step, neighbours together where they are too many."""
    places = np.unique(np.concatenate([one.places(axis) for one in series] or [np.empty(0, np.int64)]))
    grouped = max(1, -(-len(places) // most_columns))
    ends = np.append(places[grouped - 1 :: grouped], places[-1:] if len(places) % grouped else [])
    ends = ends.astype(np.int64)
    rows = [_row(one, one.places(axis), ends) for one in series]
    shape = (len(series), len(ends))
    stacked = [np.array(part).reshape(shape) for part in zip(*rows, strict=True)] or [np.empty(shape)] * 5
    value, low, high, looks, lost = stacked
    edges = cell_edges(ends) if grouped == 1 else _grouped_edges(places, ends)
    names = tuple(one.name for one in series)
    return Cells(names, ends, edges, value, low, high, looks.astype(np.int64), lost.astype(np.int64), grouped)


def _row(one: LayerSeries, at: Integers, ends: Integers) -> tuple[Floats, Floats, Floats, Integers, Integers]:
    column = np.searchsorted(ends, at)
    values, low, high = (np.full(len(ends), np.nan) for _ in range(3))
    values[column] = one.values  # of several the last one stays: they are in order of steps
    finite = np.isfinite(one.values)
    np.fmin.at(low, column[finite], one.values[finite])
    np.fmax.at(high, column[finite], one.values[finite])
    looks = np.bincount(column, minlength=len(ends))
    return values, low, high, looks, np.bincount(column[~finite], minlength=len(ends))


def _grouped_edges(places: Integers, ends: Integers) -> Floats:
    edges = cell_edges(places)
    return np.append(edges[:1], edges[np.searchsorted(places, ends) + 1])
