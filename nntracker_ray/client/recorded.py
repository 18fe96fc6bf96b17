"""What was recorded of a run, as records: history, log, arrays, commands, checkpoints as files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from nntracker_ray.checkpoints.forms import checkpoint_name, form_of_suffix
from nntracker_ray.client.api import Api
from nntracker_ray.commands import CommandRow
from nntracker_ray.records import RunState

LOG_PAGE = 10_000  # lines in one answer
MOST_COMMANDS = 1000


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change of a run's state."""

    time: datetime  # UTC, as all below
    state: RunState
    attempt: int
    by: str
    why: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One effective change of a value that governs a training."""

    parameter: str
    epoch: int  # 0-based: the first epoch trained with the new value
    step: int  # optimizer updates made before the change
    old: float
    new: float
    cause: str
    time: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a run printed, warned of or logged."""

    attempt: int
    line_no: int  # 0-based within the attempt
    time: datetime
    source: str  # "stdout" | "stderr" | "warning" | "log"
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """An array of a layer that was captured."""

    layer_index: int
    layer_name: str
    tensor: str
    dtype: str
    shape: list[int]
    epochs: list[int]  # 0-based, ascending


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """The last values of a metric over the folds and repeats of one configuration."""

    configuration_index: int
    name: str  # of the configuration
    runs: int
    metric: str
    mean: float | None
    std: float  # of a sample (n - 1); nan for one run


@dataclass(frozen=True, slots=True)
class _LogPage:
    lines: list[LogLine]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Commands:
    commands: list[CommandRow]


def log_lines(api: Api, run_id: UUID, *, after: LogLine | None = None, limit: int) -> Iterator[LogLine]:
    """Lines in the order they were made.

    Args:
        after: Only those behind this one.
        limit: Lines at most.
    """
    place = f"{after.attempt}.{after.line_no}" if after else None
    while limit > 0:
        wanted = min(limit, LOG_PAGE)
        page = api.read(_LogPage, f"/api/runs/{run_id}/logs", after=place, limit=wanted)
        yield from page.lines
        limit, place = limit - len(page.lines), page.next
        if len(page.lines) < wanted:
            return


def list_commands(api: Api, run_id: UUID, *, limit: int = MOST_COMMANDS) -> list[CommandRow]:
    """Commands that were for a run, the newest first."""
    return api.read(_Commands, "/api/commands", run_id=str(run_id), limit=limit).commands


def fold_summary(api: Api, experiment_id: UUID) -> list[SummaryLine]:
    """Spread of the last values over folds and repeats, by configuration and metric."""
    return api.read(list[SummaryLine], f"/api/experiments/{experiment_id}/summary")


def download_checkpoint(api: Api, run_id: UUID, name: str, target: Path) -> None:
    """Write a checkpoint to a new file; its ending says as what.

    Raises: NotFoundError: No such run or checkpoint. BadInputError: An ending that stands for nothing, or a file that
        is there already.
    """
    form = form_of_suffix(target)
    asked: dict[str, Any] = {"as": form.value}
    api.download(f"/api/runs/{run_id}/checkpoints/{name}", target, **asked)


__all__ = [
    "Adaptation",
    "ArrayInfo",
    "LogLine",
    "StateChange",
    "SummaryLine",
    "checkpoint_name",
    "download_checkpoint",
    "fold_summary",
    "list_commands",
    "log_lines",
]
