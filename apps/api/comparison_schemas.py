"""What comparisons answer with, column by column. Numbers that JSON lacks are texts, as in `schemas`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from apps.api.schemas import Number, json_number
from nntracker_ray.comparing import Aggregate, Curve, Difference, Parameters, WeightDifference

BY_EPOCH = Field(description="0-based, ascending")


def numbers(values: NDArray[Any]) -> list[Number]:
    """An array as JSON can carry it."""
    return [json_number(value) for value in np.asarray(values, np.float64).tolist()]


class MemberOut(BaseModel):
    """One run of a group."""

    run_id: UUID
    name: str
    epoch: list[int] = BY_EPOCH
    value: list[Number]

    @classmethod
    def of(cls, name: str, curve: Curve) -> MemberOut:
        """The last value of each epoch."""
        ends = curve.by_epoch()
        run_id = UUID(str(curve.run_id))
        return cls(run_id=run_id, name=name, epoch=ends.epochs.tolist(), value=numbers(ends.values))


class AggregateOut(BaseModel):
    """A metric over the runs of a group, epoch by epoch: over the runs that have a finite value there."""

    metric: str
    runs: int = Field(description="that match and that the caller may see")
    runs_with_metric: int
    epoch: list[int] = BY_EPOCH
    count: list[int] = Field(description="runs with a finite value at that epoch: what the numbers are over")
    lost: list[int] = Field(description="runs whose value at that epoch is not finite, and left out")
    minimum: list[Number]
    maximum: list[Number]
    mean: list[Number]
    median: list[Number]
    std: list[Number] = Field(description="of a sample, n - 1; NaN for a single run")
    members: list[MemberOut] | None = Field(description="when asked for")

    @classmethod
    def of(
        cls, metric: str, runs: int, with_metric: int, found: Aggregate, members: list[MemberOut] | None
    ) -> AggregateOut:
        """From the numbers worked out."""
        statistics = ("minimum", "maximum", "mean", "median", "std")
        return cls(
            metric=metric,
            runs=runs,
            runs_with_metric=with_metric,
            epoch=found.epochs.tolist(),
            count=found.count.tolist(),
            lost=found.lost.tolist(),
            **{name: numbers(getattr(found, name)) for name in statistics},
            members=members,
        )


class DifferenceOut(BaseModel):
    """A metric of one run, or the mean of some, minus that of others; by epoch, where both have one."""

    metric: str
    epoch: list[int] = BY_EPOCH
    value: list[Number]
    left: list[Number]
    right: list[Number] = Field(description="what was subtracted")
    only_left: int = Field(description="epochs that the right side lacks")
    only_right: int

    @classmethod
    def of(cls, metric: str, found: Difference) -> DifferenceOut:
        """From the numbers worked out."""
        return cls(
            metric=metric,
            epoch=found.epochs.tolist(),
            value=numbers(found.values),
            left=numbers(found.left),
            right=numbers(found.right),
            only_left=found.only_left,
            only_right=found.only_right,
        )


class ParametersOut(BaseModel):
    """What runs were given, column by column, and the last value of a metric as what came of it."""

    metric: str
    run_id: list[UUID]
    name: list[str]
    parameters: dict[str, list[Any]] = Field(description="null: not given")
    varied: list[str] = Field(description="the parameters that differ between runs")
    result: list[Number | None] = Field(description="null: not measured yet")

    @classmethod
    def of(cls, metric: str, found: Parameters) -> ParametersOut:
        """From the table."""
        return cls(
            metric=metric,
            run_id=list(found.run_ids),
            name=list(found.names),
            parameters={name: list(values) for name, values in found.columns.items()},
            varied=list(found.varied),
            result=[None if value is None else json_number(value) for value in found.results],
        )


class WeightDifferenceOut(BaseModel):
    """An array of one run minus the same array of another, at the epochs at which both were captured."""

    layer: str
    tensor: str
    common_captures: int = Field(description="more than epochs: evenly spaced ones are given")
    epoch: list[int] = BY_EPOCH
    norm: list[Number] = Field(description="L2 of the difference")
    relative: list[Number] = Field(description="that norm over the L2 norm of what was subtracted")
    minimum: list[Number]
    maximum: list[Number]
    lost: list[int] = Field(description="elements whose difference is not finite; they are in no bin")
    edges: list[Number] = Field(description="of the bins of the difference")
    counts: list[list[int]] = Field(description="by epoch and bin")
    value_edges: list[Number] = Field(description="of the bins of the weights themselves")
    count_difference: list[list[int]] = Field(
        description="weights in each bin, minus those of what was subtracted"
    )

    @classmethod
    def of(cls, layer: str, tensor: str, captures: int, found: WeightDifference) -> WeightDifferenceOut:
        """From the numbers worked out."""
        measured = ("norm", "relative", "minimum", "maximum", "edges", "value_edges")
        return cls(
            layer=layer,
            tensor=tensor,
            common_captures=captures,
            epoch=found.epochs.tolist(),
            lost=found.lost.tolist(),
            counts=found.counts.tolist(),
            count_difference=found.count_difference.tolist(),
            **{name: numbers(getattr(found, name)) for name in measured},
        )
