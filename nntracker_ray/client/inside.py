"""What was observed inside a network, as notebooks read it."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.client.api import Api
from nntracker_ray.records import JsonValue

MOST_ARRAYS = 10_000  # in one answer


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one array or call of a layer, over the steps it was looked at."""

    metric: str
    layer: str
    tensor: str
    kind: str  # "scalar" | "array" | "histogram"
    points: int
    first_epoch: int  # 0-based
    last_epoch: int
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True, eq=False)
class LayerArray:
    """What one look has found."""

    epoch: int  # 0-based
    step: int
    time: datetime  # UTC
    values: NDArray[Any]  # counts of a histogram, (bins,); else any shape
    edges: NDArray[np.float64] | None  # of a histogram, ascending, (bins + 1,)
    inherited: bool  # whether a fork has it from its parent


@dataclass(frozen=True, slots=True)
class _Inside:
    series: list[Series]
    introspection: JsonValue
    cost: JsonValue


@dataclass(frozen=True, slots=True)
class _Heat:
    layers: list[str]
    tensors: list[str]
    epochs: list[int]
    values: list[list[float | None]]


class LookedInto(ABC):
    """What can be asked of the inside of a run."""

    __slots__ = ()

    @abstractmethod
    def _inside(self) -> tuple[Api, str]:
        """The platform, and the path of the run's introspection."""

    def observed(self) -> pd.DataFrame:
        """What there is of the inside of the network, a line for each series, in the order of the model.

        Returns: columns metric, layer, tensor, kind ("scalar", "array", "histogram"), points, first_epoch, last_epoch
            (0-based), first_step, last_step. `attrs` has what is looked at ("introspection") and what that costs
            ("cost"), as the training tells it.
        """
        api, path = self._inside()
        found = api.read(_Inside, path)
        columns = [field.name for field in fields(Series)]
        lines = [[getattr(one, name) for name in columns] for one in found.series]
        frame = pd.DataFrame(lines, columns=columns)
        frame.attrs = {"introspection": found.introspection, "cost": found.cost}
        return frame

    def layer_curves(
        self,
        metric: str | Sequence[str] | None = None,
        layer: str | Sequence[str] | None = None,
        tensor: str | Sequence[str] | None = None,
        *,
        after_step: int = -1,
        max_points: int | None = None,
    ) -> pd.DataFrame:
        """Numbers measured inside the network, in long form; only of what is named.

        Args:
            after_step: Only of later steps.
            max_points: Of each series at most so many, its extremes among them; then a column `points` says how many
                it has. None: all.
        Returns: columns metric, layer, tensor, epoch (0-based), step, value, time (UTC), inherited (whether a fork has
            it from its parent).
        """
        api, path = self._inside()
        names = {"metric": _several(metric), "layer": _several(layer), "tensor": _several(tensor)}
        asked = {**names, "after_step": after_step, "max_points": max_points}
        return pd.DataFrame(api.columns(f"{path}/curves", **asked))

    def layer_heat(self, metric: str, tensor: str | None = None, *, of_epoch: str = "last") -> pd.DataFrame:
        """A metric as layers x epochs, the layers in the order of the model.

        Args:
            tensor: Only of this one; None: a row for each, by layer and tensor.
            of_epoch: Which number stands for an epoch: "last", "min", "max" or "mean".
        Returns: values; NaN where the value was none, and where nothing was measured.
        """
        api, path = self._inside()
        found = api.read(_Heat, f"{path}/heat", metric=metric, tensor=tensor, of_epoch=of_epoch)
        rows = pd.MultiIndex.from_arrays([found.layers, found.tensors], names=["layer", "tensor"])
        epochs = pd.Index(found.epochs, name="epoch", dtype="int64")
        values = np.array(found.values, np.float64).reshape(len(rows), len(epochs))
        frame = pd.DataFrame(values, index=rows, columns=epochs)
        return frame if tensor is None else frame.droplevel("tensor")

    def layer_arrays(
        self, metric: str, layer: str = "", tensor: str = "", *, after_step: int = -1, most: int = MOST_ARRAYS
    ) -> list[LayerArray]:
        """Histograms, or other arrays, of one layer and tensor, by step.

        Args:
            after_step: Only of later steps.
            most: Of more, evenly spaced ones are given, with a warning.
        Raises: NotFoundError: There is no such series; `observed()` lists those that there are.
        """
        api, path = self._inside()
        series = {"metric": metric, "layer": layer, "tensor": tensor}
        found = api.arrays(f"{path}/arrays", **series, after_step=after_step, most=most)
        given, there_are = len(found["step"]), int(found["points"])
        if given < there_are:
            warnings.warn(
                f"of {there_are} arrays these are {given}, evenly spaced; most= may be {MOST_ARRAYS} at most, "
                "after_step= asks for later ones",
                stacklevel=2,
            )
        return [_array(found, place) for place in range(given)]


def _several(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _array(found: dict[str, NDArray[Any]], place: int) -> LayerArray:
    moment: datetime = found["time"][place].item()
    return LayerArray(
        epoch=int(found["epoch"][place]),
        step=int(found["step"][place]),
        time=moment.replace(tzinfo=UTC),
        values=found[f"values_{place}"],
        edges=found.get(f"edges_{place}"),
        inherited=bool(found["inherited"][place]),
    )
