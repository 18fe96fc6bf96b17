"""`run.json`, `adaptations.json` and the other small files of a run, as records that are checked on the way in."""

from __future__ import annotations

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from nntracker_ray.archive.exact_numbers import number_from, number_text
from nntracker_ray.moments import Moment
from nntracker_ray.records import RunState
from nntracker_ray.storage.archive_queries import ArchivedRun, Change, LastPoint
from nntracker_ray.storage.tables import Columns
from nntracker_ray.wire import LONGEST_NAME, MOST_ARRAY_BYTES

_Int = Annotated[int, Field(ge=-(2**31), lt=2**31)]
_Count = Annotated[int, Field(ge=0, lt=2**31)]
_Steps = Annotated[int, Field(ge=0, lt=2**63)]
_Text = Annotated[str, Field(max_length=10_000)]
_LongText = Annotated[str, Field(max_length=4_000_000)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LastMetric(_Record):
    """The newest value of a metric, exactly."""

    metric: _Text
    epoch: _Int
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    value: _Text
    time: Moment
    attempt: _Count


class RunFile(_Record):
    """A run as a whole. `parent_id` is that of a run in the same archive."""

    run_id: UUID
    experiment_id: UUID
    name: _Text
    position: _Count
    configuration_index: _Count
    fold: _Count | None
    state: RunState
    attempt: _Count
    cpu: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
    gpu: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
    epochs_done: _Count
    steps_done: _Steps
    progress_attempt: _Count
    total_epochs: _Count
    error: _LongText | None
    priority: _Int
    origin: Annotated[str, Field(pattern="^(fork|rerun)$")] | None
    inherited_epochs: _Count | None
    inherited_steps: _Steps | None
    captures_before: _Count | None
    parent_id: UUID | None
    created_at: Moment
    started_at: Moment | None
    ended_at: Moment | None
    tags: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...], Field(max_length=1000)]
    last_metrics: Annotated[tuple[LastMetric, ...], Field(max_length=100_000)]

    @classmethod
    def of(cls, run: ArchivedRun, last: list[LastPoint]) -> RunFile:
        """From what the storage says."""
        names = cls.model_fields.keys() - {"last_metrics"}
        newest = [LastMetric(**{**one._asdict(), "value": number_text(one.value)}) for one in last]
        return cls(**{name: getattr(run, name) for name in names}, last_metrics=tuple(newest))

    def as_json(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    def as_run(self, spec: str) -> ArchivedRun:
        """As the storage takes it; its number comes when it is stored."""
        values = {name: getattr(self, name) for name in type(self).model_fields.keys() - {"last_metrics"}}
        return ArchivedRun(run_no=0, spec=spec, **{**values, "state": str(self.state)})

    @property
    def newest(self) -> list[LastPoint]:
        """The last metrics as the storage takes them. Raises: ValueError: A value is no number."""
        return [LastPoint(**{**dict(one), "value": number_from(one.value)}) for one in self.last_metrics]


class ExperimentFile(_Record):
    """An experiment without its configuration, which is a file of its own."""

    experiment_id: UUID
    name: _Text
    max_concurrent: Annotated[int, Field(ge=1, lt=2**31)] | None
    created_at: Moment

    def as_json(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode() + b"\n"


class StateLine(_Record):
    """One change of a run's state."""

    state: RunState
    attempt: _Count
    by: _Text
    why: _LongText
    error: _LongText | None
    time: Moment


class FactLine(_Record):
    """One fact of a run."""

    key: Annotated[str, Field(max_length=1000)]
    attempt: _Count
    value: Any


class Adaptation(_Record):
    """One effective change of a value that governs a training; numbers exactly."""

    parameter: _Text
    epoch: _Int
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    old: _Text
    new: _Text
    cause: _Text
    time: Moment
    attempt: _Count

    @classmethod
    def from_columns(cls, columns: Columns, line: int) -> Adaptation:
        """One that was inherited: what the run itself does counts before it."""
        row = {name: columns[name][line] for name in cls.model_fields}
        numbers = {name: number_text(float(row[name])) for name in ("old", "new")}
        return cls(**{**row, **numbers, "attempt": 0})

    def as_change(self) -> Change:
        """As the storage takes it. Raises: ValueError: A value is no number."""
        return Change(**{**dict(self), "old": number_from(self.old), "new": number_from(self.new)})


class LogEntry(_Record):
    """One line that a run printed."""

    attempt: _Count
    line_no: _Count
    time: Moment
    source: Annotated[str, Field(pattern="^(stdout|stderr|warning|log)$")]
    level: Annotated[str, Field(max_length=100)]
    text: _LongText


class CaptureLine(_Record):
    """One line of the index of captures."""

    epoch: _Count
    layer_index: _Int
    layer_name: Annotated[str, Field(max_length=1000)]
    tensor: Annotated[str, Field(max_length=1000)]
    dtype: Annotated[str, Field(max_length=40)]
    shape: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(max_length=32)]
    step: _Steps
    time: Moment
    attempt: _Count


class MetricArrayLine(_Record):
    """One line of the index of metric arrays."""

    metric: _Text
    layer: _Text
    tensor: _Text
    epoch: _Count
    step: _Steps
    dtype: Annotated[str, Field(max_length=40)]
    shape: Annotated[tuple[Annotated[int, Field(ge=0, le=MOST_ARRAY_BYTES)], ...], Field(max_length=32)]
    is_histogram: bool
    time: Moment
    attempt: _Count

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.metric) + len(self.layer) + len(self.tensor) > LONGEST_NAME:
            raise ValueError(f"its names have more than {LONGEST_NAME} characters")
        if self.is_histogram and len(self.shape) != 1:
            raise ValueError(f"a histogram does not have the shape {self.shape}")
        return self


STATES: TypeAdapter[list[StateLine]] = TypeAdapter(list[StateLine])
FACTS: TypeAdapter[list[FactLine]] = TypeAdapter(list[FactLine])
ADAPTATIONS: TypeAdapter[list[Adaptation]] = TypeAdapter(list[Adaptation])


def adaptation_of(change: Change) -> Adaptation:
    """From what the storage says."""
    numbers = {name: number_text(getattr(change, name)) for name in ("old", "new")}
    return Adaptation(**{**change._asdict(), **numbers})
