"""Pictures of the inside of a network for notebooks."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Any

import pandas as pd

from nntracker_ray.client.inside import LookedInto
from nntracker_ray.errors import BadInputError, NotFoundError


class PlottedInside(LookedInto, ABC):
    """Draws what `LookedInto` reads, as the web app does."""

    __slots__ = ()

    def plot_inside(
        self,
        metric: str | None = None,
        kind: str = "heat",
        layer: str | Sequence[str] | None = None,
        tensor: str | None = None,
        *,
        axis: str = "epoch",
        scale: str = "auto",
    ) -> Any:
        """A picture of the inside of the network, as a HoloViews object.

        Args:
            metric: "weights/mean"; None: the first that the kind can show. `observed()` lists them.
            kind: "heat" (layer x epoch), "lines" (one for each layer), "ratio" (updates to weights, with the band
                where it should be), "histogram" (of one array, as ridges and as a density), "similarity" (of one
                layer with itself at other looks).
            layer: Only this one, or these; None: all, or the first for the last two kinds.
            tensor: Only this one: "kernel"; None: all, or the first for the last two kinds.
            axis: "epoch" or "step".
            scale: "auto", "linear" or "log", of heat maps and lines.
        Raises: BadInputError: No such kind, axis or scale. NotFoundError: Nothing of this was recorded.

        Example:
            >>> run.plot_inside("weights/mean")  # doctest: +SKIP
            >>> run.plot_inside(kind="histogram", layer="dense_4")  # doctest: +SKIP
        """
        from nntracker_ray.comparing.axes import Axis
        from nntracker_ray.figures import inside_heat, inside_lines
        from nntracker_ray.figures.inside_pictures import Picture
        from nntracker_ray.figures.value_scale import Scale

        picture, along = _one_of(Picture, "kind", kind), _one_of(Axis, "axis", axis)
        laid_out = _one_of(Scale, "scale", scale)
        if along is Axis.TIME:
            raise BadInputError("axis is 'epoch' or 'step' inside a run, not 'time'")
        series = _series(self.observed(), picture, metric, layer, tensor)
        if picture.is_of_one:
            return self._plot_one(picture, series.iloc[0], along)
        found = str(series["metric"].iloc[0])
        frame = self.layer_curves(found, layer, tensor)
        more = {"axis": along, "order": list(dict.fromkeys(series["layer"]))}
        if picture is Picture.RATIO:
            return inside_lines.update_ratios(frame, found, **more)
        draw = inside_heat.layer_heat_map if picture is Picture.HEAT else inside_lines.layer_lines
        return draw(frame, found, scale=laid_out, **more)

    def _plot_one(self, picture: Any, one: pd.Series[Any], axis: Any) -> Any:
        from nntracker_ray.figures import inside_histograms, inside_similarity
        from nntracker_ray.figures.inside_numbers import name_of
        from nntracker_ray.figures.inside_pictures import Picture

        looks = self.layer_arrays(one["metric"], one["layer"], one["tensor"])
        name = name_of(one["layer"], one["tensor"])
        if picture is Picture.SIMILARITY:
            return inside_similarity.similarity_matrix(looks, name=name, axis=axis)
        ridges = inside_histograms.histogram_ridges(looks, name=name, axis=axis)
        return ridges + inside_histograms.histogram_density(looks, name=name, axis=axis)


def _one_of(kind: Any, what: str, word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        raise BadInputError(f"{what} is one of {', '.join(kind)}, not {word!r}") from None


def _series(
    observed: pd.DataFrame,
    picture: Any,
    metric: str | None,
    layer: str | Sequence[str] | None,
    tensor: str | None,
) -> pd.DataFrame:
    """The series that are meant, all of one metric; those of layers come before those of the whole run."""
    fits = [picture.fits(*line) for line in observed[["metric", "layer", "kind"]].itertuples(index=False)]
    found = observed[pd.Series(fits, index=observed.index, dtype=bool)]
    if metric is not None:
        found = found[found["metric"] == metric]
    if layer is not None:
        found = found[found["layer"].isin([layer] if isinstance(layer, str) else list(layer))]
    if tensor is not None:
        found = found[found["tensor"] == tensor]
    if found.empty:
        raise NotFoundError(
            f"nothing recorded inside this run fits a picture of kind {picture!s}; observed() lists it"
        )
    ranked = found[["metric", "layer"]].itertuples(index=False)
    first = min(picture.rank(*line) for line in ranked)[-1]
    chosen: pd.DataFrame = found[found["metric"] == first]
    return chosen
