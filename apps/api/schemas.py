"""What the REST interface answers with. JSON has no NaN: such numbers are the texts "NaN", "Infinity", "-Infinity"."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from nntracker_ray.records import JsonValue, NamedConf, RunRow, RunState

Number = float | Literal["NaN", "Infinity", "-Infinity"]


def json_number(value: float) -> Number:
    """The number as JSON can carry it, losing nothing.

    >>> json_number(float("nan"))
    'NaN'
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


class Health(BaseModel):
    """Whether the web server and the database answer."""

    status: Literal["ok"] = "ok"
    database: Literal["up", "away"]


class ConfigurationOut(BaseModel):
    """One point of the grid."""

    optimizer: NamedConf
    loss_function: NamedConf
    learning_rate: float | None = Field(description="as asked for; null leaves the optimizer's own")
    sweep: dict[str, JsonValue]


class RunOut(BaseModel):
    """One run as lists show it."""

    run_no: int = Field(description="the short number by which people call it")
    run_id: UUID
    experiment_id: UUID
    experiment: str
    name: str
    state: RunState
    attempt: int = Field(description="1-based; grows with every start")
    fold: int | None = Field(description="0-based held-out part; null without folds")
    configuration: ConfigurationOut
    configuration_index: int = Field(
        description="0-based; equal for the folds and repeats of one configuration"
    )
    epochs_done: int
    total_epochs: int
    error: str | None
    tags: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    metrics: dict[str, Number] = Field(description="last value of every metric")
    parent_id: UUID | None = Field(
        description="of the run that this fork or rerun was made from, while it is there"
    )
    origin: str | None = Field(description="fork or rerun; null: submitted")
    inherited_epochs: int = Field(description="complete epochs that a fork has from its parent")
    owner: str = Field(description="whose it is, by name")

    @classmethod
    def of(cls, row: RunRow) -> RunOut:
        """From the record that the storage gives."""
        names = cls.model_fields.keys() - {"configuration", "metrics"}
        one = row.configuration
        configuration = ConfigurationOut(
            optimizer=one.optimizer,
            loss_function=one.loss_function,
            learning_rate=one.learning_rate,
            sweep=one.sweep,
        )
        metrics = {name: json_number(value) for name, value in row.metrics.items()}
        return cls(
            **{name: getattr(row, name) for name in names}, configuration=configuration, metrics=metrics
        )


class RunList(BaseModel):
    """One page of runs."""

    total: int = Field(description="runs there are, not only those on this page")
    runs: list[RunOut]


class MetricColumns(BaseModel):
    """Metric values of one run, column by column, in order of metric and epoch."""

    metric: list[str]
    epoch: list[int] = Field(description="0-based, as Keras counts")
    step: list[int] = Field(description="optimizer updates made by then")
    value: list[Number]
    time: list[datetime] = Field(description="UTC, when the training saw the value")
    inherited: list[bool] = Field(description="whether a fork has the value from its parent")


class ArrayOut(BaseModel):
    """An array of a layer that was captured."""

    layer_index: int = Field(description="place of the layer in the model, 0-based")
    layer_name: str
    tensor: str
    dtype: str
    shape: list[int]
    epochs: list[int] = Field(description="0-based, ascending")


class SummaryOut(BaseModel):
    """The last values of a metric over the folds and repeats of one configuration."""

    configuration_index: int
    name: str = Field(description="of the configuration")
    runs: int
    metric: str
    mean: Number | None
    std: Number = Field(description="of a sample (n - 1); NaN for one run")
