"""One weight array over its epochs in three dimensions, as a Plotly figure in plain data: index x epoch x value.

Plain data, because Plotly itself is only in the browser; `plotly.graph_objects.Figure(figure)` takes it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 12_000  # turn smoothly, also without a graphics card
SCALE = "Viridis"
LOST_COLOR = "#d0443e"


def weights_scatter(columns: Mapping[str, Any], *, name: str, size: int) -> dict[str, Any]:
    """Points at (place in the flattened array, epoch, value), coloured by value; NaN and infinities as crosses below.

    Args:
        columns: epoch, index, value, each (n,), as `reduced_weights` of the storage gives them.
        name: Of the array, for people: "dense_4 / kernel".
        size: Numbers in the array; more than there are points of an epoch means that extremes were chosen.
    """
    epochs = np.asarray(columns["epoch"], np.int32)
    index = np.asarray(columns["index"], np.int32)
    values = np.asarray(columns["value"], np.float64)
    finite = np.isfinite(values)
    traces = [_points(index[finite], epochs[finite], values[finite])]
    if not finite.all():
        floor = float(values[finite].min()) if finite.any() else 0.0
        traces.append(_crosses(index[~finite], epochs[~finite], values[~finite], floor))
    return {"data": traces, "layout": _layout(name, size, len(values))}


def _points(index: NDArray[Any], epochs: NDArray[Any], values: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "type": "scatter3d",
        "mode": "markers",
        "name": "weights",
        "x": index,
        "y": epochs,
        "z": values.astype(np.float32),
        "hovertemplate": "index %{x}<br>epoch %{y}<br>value %{z:.6g}<extra></extra>",
        "marker": {
            "size": 2.2,
            "color": values.astype(np.float32),
            "colorscale": SCALE,
            "colorbar": {"thickness": 10, "len": 0.6, "outlinewidth": 0, "x": 0.94},
        },
    }


def _crosses(
    index: NDArray[Any], epochs: NDArray[Any], values: NDArray[np.float64], floor: float
) -> dict[str, Any]:
    return {
        "type": "scatter3d",
        "mode": "markers",
        "name": "not finite",
        "x": index,
        "y": epochs,
        "z": np.full(len(index), floor, np.float32),
        "text": [str(value) for value in values],
        "hovertemplate": "index %{x}<br>epoch %{y}<br>value %{text}<extra></extra>",
        "marker": {"size": 4, "symbol": "x", "color": LOST_COLOR},
    }


def _layout(name: str, size: int, shown: int) -> dict[str, Any]:
    axis = {"showbackground": False, "zeroline": False}
    return {
        "meta": {"name": name, "size": size, "shown": shown},
        "showlegend": False,
        "uirevision": name,  # one turns it and new epochs arrive: it stays turned
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "scene": {
            "xaxis": {**axis, "title": {"text": "index"}},
            "yaxis": {**axis, "title": {"text": "epoch"}},
            "zaxis": {**axis, "title": {"text": "value"}},
            "aspectmode": "manual",
            "aspectratio": {"x": 1.5, "y": 1.2, "z": 0.8},
            "camera": {"eye": {"x": 1.45, "y": -1.65, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.2}},
        },
    }
