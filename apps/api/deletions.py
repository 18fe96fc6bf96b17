"""What a deletion would cost, before anything is lost."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from apps.api.problems import documented
from apps.api.request_state import actor_of, database_of
from apps.api.schemas import RunOut
from apps.api.selections import SelectionIn
from nntracker_ray.commands import Selection, nothing_matches
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage import queries
from nntracker_ray.storage.command_queries import selected_run_nos
from nntracker_ray.storage.connection import Connection

router = APIRouter(prefix="/api", tags=["commands"])


class CostOut(BaseModel):
    """What is lost with a run."""

    run_id: UUID
    captures: int = Field(description="epochs at which arrays were stored")
    captured_bytes: int
    checkpoint_bytes: int
    metric_points: int
    forks: int = Field(description="runs that go on from it; they keep what they inherited")


class DoomedOut(BaseModel):
    """A run that would be deleted."""

    run: RunOut
    cost: CostOut


class DeletionPreviewIn(BaseModel, extra="forbid"):
    """The runs that somebody thinks of deleting."""

    selection: SelectionIn

    model_config = {
        "json_schema_extra": {"examples": [{"selection": {"tag": "nightly", "states": ["failed"]}}]}
    }


class DeletionPreview(BaseModel):
    """What would be lost. Nothing has happened yet."""

    confirmation: str = Field(
        description="the text that confirms this deletion, while it is for as many runs"
    )
    runs: list[DoomedOut]


def confirmation_of(count: int) -> str:
    """The text that confirms a deletion.

    >>> confirmation_of(1), confirmation_of(3)
    ('delete 1 run', 'delete 3 runs')
    """
    return f"delete {count} run{'s' if count != 1 else ''}"


@router.post("/deletion-preview", responses=documented(400, 404))
def preview_deletion(request: Request, asked: DeletionPreviewIn) -> DeletionPreview:
    """What would be lost if these runs were deleted. Changes nothing."""
    actor_id = actor_of(request).user_id
    with database_of(request).connection() as conn:
        selection = asked.selection.resolved(conn, actor_id)
        doomed = _doomed(conn, actor_id, selection)
    return DeletionPreview(confirmation=confirmation_of(len(doomed)), runs=doomed)


def _doomed(conn: Connection, actor_id: UUID, selection: Selection) -> list[DoomedOut]:
    numbers = set(selected_run_nos(conn, actor_id=actor_id, selection=selection))
    if not numbers:
        raise NotFoundError(nothing_matches(selection))
    seen = queries.select_runs(conn, viewer_id=actor_id, selection=selection)
    rows = [row for row in seen if row.run_no in numbers]
    costs = queries.cost_of_deletion(conn, viewer_id=actor_id, run_ids=[row.run_id for row in rows])
    cost_by_id = {cost.run_id: CostOut(**asdict(cost)) for cost in costs}
    return [
        DoomedOut(run=RunOut.of(row), cost=cost_by_id[row.run_id]) for row in rows if row.run_id in cost_by_id
    ]
