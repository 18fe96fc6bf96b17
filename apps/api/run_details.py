"""Routes that read what happened to one run: changes of state, log, changes of the learning rate."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from apps.api.control_schemas import AdaptationOut, LogLineOut, LogPage, StateChangeOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from nntracker_ray.storage import queries
from nntracker_ray.storage.tables import Columns, lines_of

router = APIRouter(prefix="/api/runs/{run_id}", tags=["runs"], responses=documented(404))


@router.get("/history")
def run_history(request: Request, run_id: UUID) -> list[StateChangeOut]:
    """Every change of the run's state, the oldest first: when, who, why."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        return _each(StateChangeOut, queries.state_changes(conn, viewer_id=viewer_id, run_id=run_id))


@router.get("/adaptations")
def run_adaptations(request: Request, run_id: UUID) -> list[AdaptationOut]:
    """Every effective change of the learning rate, in order of steps."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        changes = queries.adaptations(conn, viewer_id=viewer_id, run_id=run_id)
    return [AdaptationOut.of(line) for line in lines_of(changes)]


@router.get("/logs")
def run_log(
    request: Request,
    run_id: UUID,
    after: Annotated[str | None, Query(pattern=r"^\d{1,9}\.\d{1,9}$", description="`next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> LogPage:
    """A page of what the run printed, warned of and logged."""
    place: Any = tuple(map(int, after.split("."))) if after else None
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        columns = queries.log_lines(conn, viewer_id=viewer_id, run_id=run_id, after=place, limit=limit)
    lines = _each(LogLineOut, columns)
    return LogPage(lines=lines, next=f"{lines[-1].attempt}.{lines[-1].line_no}" if lines else after)


def _each(kind: Any, columns: Columns) -> list[Any]:
    return [kind(**line) for line in lines_of(columns)]
