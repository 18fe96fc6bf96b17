"""Routes that say what a word means, and which words there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from apps.api.asked_words import Word
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from nntracker_ray.storage import queries

router = APIRouter(prefix="/api", tags=["finding"])


class Named(StrEnum):
    """What is called by words."""

    RUN = "run"
    EXPERIMENT = "experiment"


class NamedOrTagged(StrEnum):
    """What words there are of."""

    RUN = "run"
    EXPERIMENT = "experiment"
    TAG = "tag"


class FoundOut(BaseModel):
    """What a word means."""

    kind: Named
    id: UUID


class NameList(BaseModel):
    """Words that begin as asked, the newest first."""

    names: list[str]


@router.get("/find", responses=documented(400, 404))
def find_word(
    request: Request,
    word: Annotated[
        Word,
        Query(description="a run's number; a whole name; or the beginning of an id, 4 characters at least"),
    ],
    kind: Named = Named.RUN,
) -> FoundOut:
    """The one run or experiment that a word means. 404: none; 400: several, and the problem lists them."""
    viewer_id = caller_of(request).viewer_id
    asked = queries.run_called if kind is Named.RUN else queries.experiment_called
    with database_of(request).connection() as conn:
        return FoundOut(kind=kind, id=asked(conn, viewer_id=viewer_id, word=word))


@router.get("/names")
def list_names(
    request: Request,
    kind: NamedOrTagged = NamedOrTagged.RUN,
    start: Annotated[Word, Query(description="how they begin")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> NameList:
    """Names of runs, names of experiments, or tags: for completion."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        names = queries.known_names(conn, viewer_id=viewer_id, kind=kind.value, start=start, few=limit)
    return NameList(names=names)
