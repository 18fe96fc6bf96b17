"""What routes say of the inside of a network."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import BaseModel, Field

from apps.api.schemas import Number, json_number
from nntracker_ray.records import JsonValue
from nntracker_ray.storage.queries import LayerHeat, ObservedSeries, OfEpoch, SeriesKind


class SeriesOut(BaseModel):
    """One metric of one array or call of a layer, over the steps it was looked at."""

    metric: str
    layer: str = Field(description='"" for a metric of the step as a whole')
    tensor: str
    kind: SeriesKind = Field(description="scalar: see curves and heat; array and histogram: see arrays")
    points: int = Field(description="looks that are recorded")
    first_epoch: int = Field(description="0-based, as last_epoch")
    last_epoch: int
    first_step: int = Field(description="1 for the first update of the run")
    last_step: int

    @classmethod
    def of(cls, one: ObservedSeries) -> SeriesOut:
        """From the record that the storage gives."""
        return cls(**asdict(one))


class IntrospectionOut(BaseModel):
    """What is looked at inside a network."""

    introspection: JsonValue = Field(
        description="metrics with how often and at which layers they look; what was suspended or ignored, and why; "
        "null if the training has told nothing"
    )
    cost: JsonValue = Field(description="share of the training time, seconds by metric; null likewise")
    series: list[SeriesOut] = Field(description="by metric, then in the order of the model")


class HeatOut(BaseModel):
    """A metric of layers over epochs."""

    metric: str
    of_epoch: OfEpoch
    layers: list[str] = Field(
        description="in the order of the model; one of several tensors has several rows"
    )
    tensors: list[str] = Field(description="of the same rows")
    epochs: list[int] = Field(description="0-based, ascending: those at which something was measured")
    values: list[list[Number | None]] = Field(description="rows by epochs; null where nothing was measured")

    @classmethod
    def of(cls, metric: str, of_epoch: OfEpoch, found: LayerHeat) -> HeatOut:
        """From the matrix that the storage gives."""
        values = [
            [json_number(value) if is_there else None for value, is_there in zip(*row, strict=True)]
            for row in zip(found.values.tolist(), found.measured.tolist(), strict=True)
        ]
        return cls(
            metric=metric,
            of_epoch=of_epoch,
            layers=list(found.layers),
            tensors=list(found.tensors),
            epochs=found.epochs.tolist(),
            values=values,
        )
