"""What is going on now, and what would be lost: the questions behind `top` and `rm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import dict_row

from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A run that a trainer has now."""

    run_no: int
    run_id: UUID
    name: str
    experiment: str
    state: RunState
    cpu: float  # cores it holds
    gpu: float  # GPUs it holds
    epochs_done: int
    total_epochs: int
    steps_done: int
    started_at: datetime | None  # UTC: this attempt
    seconds_an_epoch: float | None  # of the last epoch; None before the first has ended

    @property
    def steps_a_second(self) -> float | None:
        """Optimizer updates a second in the last epoch, measuring and validating included."""
        if not self.seconds_an_epoch or not self.epochs_done:
            return None
        return self.steps_done / self.epochs_done / self.seconds_an_epoch

    @property
    def seconds_left(self) -> float | None:
        """Until the last epoch ends at the pace of the latest one; None when that is not known."""
        if not self.seconds_an_epoch:
            return None
        return self.seconds_an_epoch * (self.total_epochs - self.epochs_done)


@dataclass(frozen=True, slots=True)
class StateTally:
    """The runs in one state."""

    runs: int
    cpu: float  # cores that they ask for, together
    gpu: float  # GPUs, likewise


@dataclass(frozen=True, slots=True)
class DeletionCost:
    """What is lost with a run."""

    run_id: UUID
    captures: int  # epochs at which arrays were stored
    captured_bytes: int
    checkpoint_bytes: int  # as the trainer has last told
    metric_points: int
    forks: int  # runs that go on from it; they keep what they inherited


def work_in_progress(conn: Connection, *, viewer_id: UUID) -> list[WorkRow]:
    """The viewer's runs whose trainers have been heard within the last minute, in order of their numbers."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("work_in_progress"), {"viewer_id": viewer_id})
        return [WorkRow(**{**row, "state": RunState(row["state"])}) for row in rows]


def queue_lengths(conn: Connection, *, viewer_id: UUID) -> dict[RunState, StateTally]:
    """How many of the viewer's runs are in each state that occurs."""
    rows = conn.execute(query("queue_lengths"), {"viewer_id": viewer_id})
    return {RunState(state): StateTally(runs, cpu, gpu) for state, runs, cpu, gpu in rows}


def cost_of_deletion(conn: Connection, *, viewer_id: UUID, run_ids: Sequence[UUID]) -> list[DeletionCost]:
    """What would be lost with each of these runs; those that are not the viewer's are left out."""
    values = {"viewer_id": viewer_id, "run_ids": list(run_ids)}
    return [DeletionCost(*row) for row in conn.execute(query("cost_of_deletion"), values)]
