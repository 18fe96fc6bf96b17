"""Everything that is known of one run, read at once: what `nntracker show` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.client.api import Api
from nntracker_ray.client.asking import DeletionCost
from nntracker_ray.client.recorded import Adaptation, StateChange
from nntracker_ray.commands import CommandRow
from nntracker_ray.plain_values import plain
from nntracker_ray.records import JsonValue, RunRow, RunSpec, RunState, from_json

SHOWN_CURVES: Final = ("loss", "val_loss", "accuracy", "val_accuracy")


@dataclass(frozen=True, slots=True)
class _Answer:
    """The report as the platform gives it."""

    run: RunRow
    specification: dict[str, JsonValue]
    facts: dict[str, JsonValue]
    history: list[StateChange]
    commands: list[CommandRow]
    adaptations: list[Adaptation]
    checkpoints: list[CheckpointInfo]
    cost: DeletionCost | None
    at_work: int
    queued: int
    parent: RunRow | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run as it stands."""

    row: RunRow
    spec: RunSpec
    facts: dict[str, JsonValue]
    history: Sequence[StateChange]
    commands: Sequence[CommandRow]
    adaptations: Sequence[Adaptation]
    checkpoints: Sequence[CheckpointInfo]
    curves: Mapping[str, Any]  # columns metric, epoch, step, value, time
    cost: DeletionCost | None  # captures and points that are stored
    waiting: str  # why a queued run has not begun; "" for others
    parent: RunRow | None = None  # of a fork, while it is there

    def series(self, metric: str) -> list[float]:
        """The values of a metric, by epoch."""
        columns = zip(self.curves["metric"], self.curves["value"], strict=True)
        return [float(value) for name, value in columns if name == metric]


def read_report(api: Api, run_id: UUID) -> RunReport:
    """Read it. Raises: NotFoundError: No such run, or not the caller's to see."""
    told = api.read(_Answer, f"/api/runs/{run_id}/report")
    return RunReport(
        row=told.run,
        spec=from_json(RunSpec, json.dumps(told.specification)),
        facts=told.facts,
        history=told.history,
        commands=told.commands,
        adaptations=told.adaptations,
        checkpoints=told.checkpoints,
        curves=api.columns("/api/metrics", run_id=str(run_id), metric=SHOWN_CURVES),
        cost=told.cost,
        waiting=_why_it_waits(told),
        parent=told.parent,
    )


def report_object(report: RunReport) -> dict[str, Any]:
    """The report as `nntracker show --json` prints it."""
    fields: dict[str, Any] = plain(
        {
            "run": asdict(report.row),
            "spec": asdict(report.spec),
            "facts": report.facts,
            "history": [asdict(one) for one in report.history],
            "commands": [asdict(command) for command in report.commands],
            "adaptations": [asdict(one) for one in report.adaptations],
            "checkpoints": [asdict(one) for one in report.checkpoints],
            "waiting": report.waiting,
        }
    )
    return fields


def _why_it_waits(told: _Answer) -> str:
    if told.run.state is not RunState.QUEUED:
        return ""
    # The run manager's last word says what nobody else knows: that it fits no machine, say.
    newest = told.history[-1] if told.history else None
    last = newest.why if newest and newest.by == "run-manager" else ""
    others = max(0, told.queued - 1)
    return f"{last or 'for hardware'}; {told.at_work} of your runs are at work, {others} others wait"
