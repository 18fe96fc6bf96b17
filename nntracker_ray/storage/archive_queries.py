"""What an archive holds of runs: read in pages, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import class_row

from nntracker_ray.records import JsonValue
from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.lineage_queries import Stretch, as_parameters, lineage
from nntracker_ray.storage.sql_files import query

Folds = dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]  # fold -> (rows trained on, rows held out)


@dataclass(frozen=True, slots=True)
class ArchivedExperiment:
    """An experiment as an archive holds it."""

    experiment_id: UUID
    name: str
    config: str  # JSON, the very text that was kept at submission
    max_concurrent: int | None
    created_at: datetime
    owner: str  # by name


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A run as an archive holds it: what is true of it as a whole."""

    run_no: int  # where it comes from; another one where it is imported
    run_id: UUID
    experiment_id: UUID
    name: str
    position: int
    configuration_index: int
    fold: int | None
    state: str
    attempt: int
    cpu: float
    gpu: float
    epochs_done: int
    steps_done: int
    progress_attempt: int
    total_epochs: int
    error: str | None
    priority: int
    origin: str | None
    inherited_epochs: int | None
    inherited_steps: int | None
    captures_before: int | None
    parent_id: UUID | None  # of a run in the same archive
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    tags: tuple[str, ...]
    spec: str  # JSON of a RunSpec

    @property
    def is_orphan(self) -> bool:
        """Whether it went on from a run that is not in the archive, so that it needs all of its history itself."""
        return self.parent_id is None and self.inherited_steps is not None

    def alone(self) -> ArchivedRun:
        """As it is where its parent is not: what it inherited is its own."""
        return replace(self, inherited_steps=None, captures_before=None) if self.is_orphan else self


class StateChange(NamedTuple):
    """One change of a run's state."""

    state: str
    attempt: int
    by: str
    why: str
    error: str | None
    time: datetime


class Fact(NamedTuple):
    """Something true of a run as a whole."""

    key: str
    attempt: int
    value: JsonValue  # marks of numbers that JSON cannot say still in it


class Point(NamedTuple):
    """One measured number as the table holds it."""

    metric: str
    layer: str
    tensor: str
    epoch: int
    step: int
    value: float
    time: datetime
    attempt: int


class LastPoint(NamedTuple):
    """The newest value of a metric, as lists show it."""

    metric: str
    epoch: int
    step: int
    value: float
    time: datetime
    attempt: int


class Change(NamedTuple):
    """One effective change of a value that governs a training."""

    parameter: str
    epoch: int
    step: int
    old: float
    new: float
    cause: str
    time: datetime
    attempt: int


class CapturedArray(NamedTuple):
    """One captured array, without its numbers."""

    epoch: int
    layer_index: int
    layer_name: str
    tensor: str
    dtype: str
    shape: tuple[int, ...]
    step: int
    time: datetime
    attempt: int


def archived_experiments(
    conn: Connection, *, viewer_id: UUID, experiment_ids: Sequence[UUID]
) -> list[ArchivedExperiment]:
    """These experiments, the oldest first; those that are not the viewer's to see are left out."""
    values = {"viewer_id": viewer_id, "experiment_ids": list(experiment_ids)}
    with conn.cursor(row_factory=class_row(ArchivedExperiment)) as cursor:
        return cursor.execute(query("archived_experiments"), values).fetchall()


def archived_runs(conn: Connection, *, viewer_id: UUID, run_ids: Sequence[UUID]) -> list[ArchivedRun]:
    """These runs, parents before their forks; those that are not the viewer's to see are left out."""
    values = {"viewer_id": viewer_id, "run_ids": list(run_ids)}
    with conn.cursor(row_factory=class_row(ArchivedRun)) as cursor:
        rows = cursor.execute(query("archived_runs"), values).fetchall()
    return [replace(row, tags=tuple(row.tags)) for row in rows]


def archived_stretches(conn: Connection, *, viewer_id: UUID, run: ArchivedRun) -> list[Stretch]:
    """Whose measurements the archive holds under this run: its own, and what only it can bring along."""
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run.run_id)
    return stretches if run.is_orphan else stretches[-1:]


def archived_folds(conn: Connection, *, viewer_id: UUID, experiment_id: UUID) -> Folds:
    """The folds of an experiment; none without folds, or if it is not the viewer's to see."""
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id}
    rows = numpy_cursor(conn).execute(query("archived_folds"), values)
    return {fold: (train, held_out) for fold, train, held_out in rows}


def archived_states(conn: Connection, run_no: int) -> list[StateChange]:
    """The history of a run, oldest first."""
    return [StateChange(*row) for row in conn.execute(query("archived_states"), {"run_no": run_no})]


def archived_facts(conn: Connection, run_no: int) -> list[Fact]:
    """The facts of a run, by key."""
    return [Fact(*row) for row in conn.execute(query("archived_facts"), {"run_no": run_no})]


def archived_last_metrics(conn: Connection, run_no: int) -> list[LastPoint]:
    """What lists show of a run's metrics."""
    rows = conn.execute(query("archived_last_metrics"), {"run_no": run_no}, binary=True)
    return [LastPoint(*row) for row in rows]


def archived_adaptations(conn: Connection, run_no: int) -> list[Change]:
    """Every change that a run itself has made, by step."""
    rows = conn.execute(query("archived_adaptations"), {"run_no": run_no}, binary=True)
    return [Change(*row) for row in rows]


def archived_points(
    conn: Connection, stretch: Stretch, *, after: Point | None, before_epoch: int | None, limit: int
) -> list[Point]:
    """A page of what was measured in one stretch; see `archived_history`."""
    return archived_history(conn, [stretch], after=after, before_epoch=before_epoch, limit=limit)


def archived_history(
    conn: Connection,
    stretches: Sequence[Stretch],
    *,
    after: Point | None,
    before_epoch: int | None,
    limit: int,
) -> list[Point]:
    """A page of what was measured in stretches, in the order of metric, layer, tensor, epoch, step.

    Args:
        stretches: The run's own comes last. What is of the others counts as attempt 0, as where a parent is
            deleted: what the run itself has measured counts before it.
        after: The last one already seen; None from the first on.
        before_epoch: Only of earlier epochs; None of all.
    """
    place = after[:5] if after else ("", "", "", -(2**31), -(2**63))
    seen = dict(zip(("metric", "layer", "tensor", "epoch", "step"), place, strict=True))
    runs: dict[str, Any] = {"own_no": stretches[-1].run_no, **as_parameters(stretches)}
    values = {**seen, **runs, "before_epoch": before_epoch, "limit": limit}
    return [Point(*row) for row in conn.execute(query("archived_metrics"), values, binary=True)]


def archived_captures(
    conn: Connection, stretch: Stretch, *, before_epoch: int | None = None
) -> list[CapturedArray]:
    """Which arrays were captured in a stretch, by epoch and in the order of the model."""
    bounds = [bound for bound in (stretch.before_epoch, before_epoch) if bound is not None]
    values = {**stretch.captures, "before_epoch": min(bounds, default=None)}
    rows = conn.execute(query("archived_captures"), values, binary=True)
    return [CapturedArray._make((*row[:5], tuple(row[5]), *row[6:])) for row in rows]


def archived_bytes(conn: Connection, run_no: int, array: CapturedArray) -> bytes:
    """The numbers of a captured array: little-endian, C order."""
    values: dict[str, Any] = {"run_no": run_no, "layer": array.layer_name}
    values |= {"tensor": array.tensor, "epoch": array.epoch}
    pieces = [data for (data,) in conn.execute(query("archived_array"), values, binary=True)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
