"""Comparisons that are not lines: parameters and weights, as figures with a key that tells when they change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from apps.dashboard.compare_place import View
from apps.dashboard.compare_reader import Found
from nntracker_ray.comparing import Parameters
from nntracker_ray.figures.parameters import NAME, parallel_coordinates, parameter_scatter
from nntracker_ray.figures.weight_differences import weight_difference_spread, weight_histogram_difference

Figure: TypeAlias = tuple[Hashable, Callable[[], Any]]
MOST_AXES = 12


def parameter_figures(found: Found) -> Sequence[Figure]:
    """Parallel coordinates of what differs between the runs, or a scatter of one parameter."""
    table, metric = found.parameters, found.metric
    if table is None or not metric or not table.run_ids:
        return []
    frame = frame_of(table, metric)
    if frame.empty:
        return []
    parameter = found.place.parameter
    if parameter in table.columns:
        return [(_key(frame, parameter), lambda: parameter_scatter(frame, parameter, metric))]
    shown = [*(table.varied or table.columns)][:MOST_AXES]
    return [(_key(frame, *shown), lambda: parallel_coordinates(frame, metric, parameters=shown))]


def weight_figures(found: Found) -> Sequence[Figure]:
    """How the difference is spread, and how the histograms differ."""
    weights = found.weights
    if weights is None:
        return []
    key = (found.left and found.left.subject, found.minus and found.minus.subject, found.place.array)
    shape = (*key, tuple(weights.epochs.tolist()))
    return [
        (("spread", *shape), lambda: weight_difference_spread(weights)),
        (("histograms", *shape), lambda: weight_histogram_difference(weights)),
    ]


def frame_of(table: Parameters, metric: str) -> pd.DataFrame:
    """A row for each run that has a result, as the figures take it."""
    columns: dict[str, Any] = {NAME: list(table.names)}
    columns |= {name: pd.Series(list(values), dtype=object) for name, values in table.columns.items()}
    has_result = [value is not None for value in table.results]
    results = [float("nan") if value is None else value for value in table.results]
    return pd.DataFrame({**columns, metric: results})[has_result]


def _key(frame: pd.DataFrame, *shown: str) -> Hashable:
    return (*shown, frame.to_json(orient="values"))


FIGURES: Mapping[View, Callable[[Found], Sequence[Figure]]] = {
    View.PARAMETERS: parameter_figures,
    View.WEIGHTS: weight_figures,
}
