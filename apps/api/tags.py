"""Routes of tags."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from apps.api.asked_words import Word
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of
from apps.api.selections import SelectionIn
from nntracker_ray.storage import tag_writes

router = APIRouter(prefix="/api", tags=["tags"])

Tags = Annotated[tuple[Word, ...], Field(max_length=tag_writes.MOST_TAGS)]


class TagOut(BaseModel):
    """A tag."""

    tag: str
    runs: int = Field(description="that have it and that the caller may see")


class TagList(BaseModel):
    """Tags, the most used first."""

    tags: list[TagOut]


class TagChange(BaseModel, extra="forbid"):
    """Tags to put on runs and to take off."""

    selection: SelectionIn
    add: Tags = ()
    remove: Tags = ()

    model_config = {
        "json_schema_extra": {
            "examples": [{"selection": {"runs": ["12"]}, "add": ["best"], "remove": ["new"]}]
        }
    }


class TaggedOut(BaseModel):
    """What the change has done. The same again changes nothing."""

    runs: int = Field(description="that were meant")
    changed: int = Field(description="whose tags are others than before")


@router.get("/tags")
def list_tags(
    request: Request,
    search: Annotated[Word, Query(description="part of the tag, in whatever case")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> TagList:
    """The tags of the runs that the caller may see."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        rows = tag_writes.list_tags(conn, viewer_id=viewer_id, search=search, limit=limit)
    return TagList(tags=[TagOut(tag=row.tag, runs=row.runs) for row in rows])


@router.post("/runs/tags", responses=documented(400, 404))
def change_tags(request: Request, wanted: TagChange) -> TaggedOut:
    """Put tags on runs and take others off."""
    actor_id = actor_of(request).user_id
    with database_of(request).connection() as conn:
        selection = wanted.selection.resolved(conn, actor_id)
        done = tag_writes.change_tags(
            conn, actor_id=actor_id, selection=selection, add=wanted.add, remove=wanted.remove
        )
    return TaggedOut(runs=done.runs, changed=done.changed)
