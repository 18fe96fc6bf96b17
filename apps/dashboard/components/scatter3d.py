"""Points in three dimensions, turned in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import panel
import param
from panel.custom import JSComponent

_HERE = Path(__file__).parent


def plotly_source() -> str:
    """Where our server has the Plotly that Panel brings along.

    Panel's own Plotly pane is not used: it would have every page load these four megabytes.
    """
    bundled = Path(panel.__file__).parent / "dist" / "bundled" / "plotlyplot"
    file = max(bundled.glob("plotly-*.min.js"))
    return f"/static/extensions/panel/bundled/plotlyplot/{file.name}?v={panel.__version__}"


class Scatter3d(JSComponent):  # type: ignore[misc]
    """A figure as `nntracker_ray.figures.weights_scatter` gives it."""

    figure = param.Parameter(default={}, doc="Plotly's data and layout; arrays are sent as bytes.")
    source = param.String(default="")
    height_px = param.Integer(default=520)

    _esm = _HERE / "scatter3d.js"

    def __init__(self, **params: Any) -> None:
        super().__init__(source=plotly_source(), sizing_mode="stretch_width", margin=0, **params)
