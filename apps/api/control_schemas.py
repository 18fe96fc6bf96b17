"""What the REST interface takes and answers about experiments, commands and what happened to runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from apps.api.asked_words import whole_characters
from apps.api.schemas import Number, json_number
from apps.api.selections import SelectionIn
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.commands import CommandRow, Outcome, Verb
from nntracker_ray.records import JsonValue, RunState
from nntracker_ray.storage.experiment_queries import ExperimentRow


class ExperimentOut(BaseModel):
    """One submitted grid and how far its runs are."""

    experiment_id: UUID
    name: str
    created_at: datetime
    max_concurrent: int | None = Field(description="runs at work at once; null for as many as fit")
    runs: int
    epochs_done: int = Field(description="of all its runs together")
    total_epochs: int
    states: dict[RunState, int] = Field(description="runs in each state that occurs")

    @classmethod
    def of(cls, row: ExperimentRow) -> ExperimentOut:
        """From the record that the storage gives."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ExperimentList(BaseModel):
    """One page of experiments."""

    total: int = Field(description="experiments there are, not only those on this page")
    experiments: list[ExperimentOut]


class CommandIn(BaseModel, extra="forbid"):
    """What is asked of which runs."""

    verb: Verb
    selection: SelectionIn
    arguments: Annotated[dict[str, JsonValue], AfterValidator(whole_characters)] = Field(
        default_factory=dict,
        description="extend: epochs; fork: checkpoint, changes, name; prioritise: priority; else none",
    )
    confirmation: str | None = Field(
        default=None, description='of a deletion: "delete 3 runs", with the number that will be deleted'
    )


COMMAND_EXAMPLES = {
    "pause an experiment": {
        "value": {
            "verb": "pause",
            "selection": {"experiment_id": "7ebdc63b-724e-5990-b450-32613d698e49", "states": ["running"]},
        }
    },
    "fork with a smaller learning rate": {
        "value": {
            "verb": "fork",
            "selection": {"run_ids": ["21ac30f7-b58c-5a88-a871-97192a4c475a"]},
            "arguments": {"checkpoint": "best", "changes": {"learning_rate": 0.001}},
        }
    },
    "delete what has failed": {
        "value": {
            "verb": "delete",
            "selection": {"tag": "nightly", "states": ["failed"]},
            "confirmation": "delete 3 runs",
        }
    },
}


class TargetOut(BaseModel):
    """What has become of the command for one run."""

    run_id: UUID
    run_name: str
    outcome: Outcome
    why: str
    new_run_id: UUID | None = Field(description="what a fork or a rerun has made")


class CommandOut(BaseModel):
    """A command as it stands."""

    command_id: UUID
    verb: Verb
    arguments: dict[str, JsonValue]
    by: str
    created_at: datetime
    key: str | None
    settled: bool = Field(description="whether nothing is pending any more")
    targets: list[TargetOut]

    @classmethod
    def of(cls, row: CommandRow) -> CommandOut:
        """From the record that the storage gives."""
        targets = [
            TargetOut(**{name: getattr(one, name) for name in TargetOut.model_fields}) for one in row.targets
        ]
        names = cls.model_fields.keys() - {"settled", "targets"}
        fields = {name: getattr(row, name) for name in names}
        return cls(**fields, settled=row.is_settled, targets=targets)


class CommandList(BaseModel):
    """One page of commands, the newest first."""

    commands: list[CommandOut]


class StateChangeOut(BaseModel):
    """One change of a run's state."""

    time: datetime
    state: RunState
    attempt: int
    by: str
    why: str
    error: str | None


class LogLineOut(BaseModel):
    """One line that a run printed, warned of or logged."""

    attempt: int
    line_no: int
    time: datetime
    source: str
    level: str
    text: str


class LogPage(BaseModel):
    """Lines of a run in the order they were made."""

    lines: list[LogLineOut]
    next: str | None = Field(
        description="give it as `after` for the lines behind these; null when there was none"
    )


class AdaptationOut(BaseModel):
    """One effective change of a value that governs a training."""

    parameter: str
    epoch: int = Field(description="0-based: the first epoch trained with the new value")
    step: int = Field(description="optimizer updates made before the change")
    old: Number
    new: Number
    cause: str
    time: datetime
    attempt: int

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> AdaptationOut:
        """From a line of the storage's table."""
        return cls(**{**line, "old": json_number(line["old"]), "new": json_number(line["new"])})


class CheckpointOut(BaseModel):
    """One checkpoint of a run."""

    name: str
    kind: str
    epochs_done: int
    batches_done: int = Field(description="of the epoch begun")
    steps_done: int
    bytes: int
    metric: str | None
    value: Number | None
    created_at: datetime

    @classmethod
    def of(cls, info: CheckpointInfo) -> CheckpointOut:
        """From the record that the storage gives."""
        fields = {name: getattr(info, name) for name in cls.model_fields.keys() - {"value"}}
        return cls(**fields, value=None if info.value is None else json_number(info.value))
