"""Routes about what is going on: the queue, the runs at work, and how users share the hardware."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from apps.api.asked_words import Word
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of
from nntracker_ray.records import RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.share_queries import UserShare, list_shares
from nntracker_ray.storage.share_writes import Share, set_share

router = APIRouter(prefix="/api", tags=["queue"])


class TallyOut(BaseModel):
    """The runs in one state."""

    runs: int
    cpu: float = Field(description="cores that they ask for or hold, together")
    gpu: float


class WorkOut(BaseModel):
    """A run that a trainer has now."""

    run_no: int
    run_id: UUID
    name: str
    experiment: str
    state: RunState
    cpu: float
    gpu: float
    epochs_done: int
    total_epochs: int
    steps_done: int
    started_at: datetime | None
    seconds_an_epoch: float | None
    steps_a_second: float | None
    seconds_left: float | None


class QueueOut(BaseModel):
    """What is going on at one moment, among the runs that the caller may see."""

    states: dict[RunState, TallyOut] = Field(description="every state that occurs")
    work: list[WorkOut] = Field(description="runs whose trainers were heard of within the last minute")


class HardwareShareOut(BaseModel):
    """A user's share of the hardware, and what the user has now."""

    name: str
    weight: float
    max_running: int | None = Field(description="null: no limit")
    max_queued: int | None
    running: int
    cpu: float
    gpu: float
    queued: int

    @classmethod
    def of(cls, row: UserShare) -> HardwareShareOut:
        """From the record that the storage gives."""
        values = asdict(row)
        return cls(**values.pop("share"), **values)


class HardwareShareList(BaseModel):
    """Every user, by name."""

    users: list[HardwareShareOut]


class HardwareShareIn(BaseModel, extra="forbid"):
    """What a user may have."""

    weight: float = Field(description="0.001 to 1000; twice the weight, twice the hardware")
    max_running: int | None = Field(description="null: no limit")
    max_queued: int | None

    model_config = {"json_schema_extra": {"examples": [{"weight": 2, "max_running": 4, "max_queued": 100}]}}


@router.get("/queue")
def find_queue(request: Request) -> QueueOut:
    """How many runs are in each state, and those at work."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        tallies = queries.queue_lengths(conn, viewer_id=viewer_id)
        rows = queries.work_in_progress(conn, viewer_id=viewer_id)
    work = [
        WorkOut(**asdict(row), steps_a_second=row.steps_a_second, seconds_left=row.seconds_left)
        for row in rows
    ]
    return QueueOut(states={state: TallyOut(**asdict(one)) for state, one in tallies.items()}, work=work)


@router.get("/shares")
def find_shares(request: Request) -> HardwareShareList:
    """How users share the hardware."""
    with database_of(request).connection() as conn:
        return HardwareShareList(users=[HardwareShareOut.of(row) for row in list_shares(conn)])


@router.put("/shares/{name}", status_code=200, responses=documented(400, 404))
def change_share(
    request: Request, name: Annotated[Word, Path()], wanted: HardwareShareIn
) -> HardwareShareList:
    """Set one user's weight and limits. What is at work stays at work."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        set_share(conn, name=name, share=Share(wanted.weight, wanted.max_running, wanted.max_queued))
        actor.note(conn, "changed a share", name)
        return HardwareShareList(
            users=[HardwareShareOut.of(row) for row in list_shares(conn) if row.name == name]
        )
