"""Routes that read experiments."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from apps.api.control_schemas import ExperimentList, ExperimentOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from nntracker_ray.storage import queries

router = APIRouter(prefix="/api/experiments", tags=["experiments"])


@router.get("")
def list_experiments(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ExperimentList:
    """Experiments, the newest first."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        total = queries.count_experiments(conn, viewer_id=viewer_id)
        rows = queries.list_experiments(conn, viewer_id=viewer_id, limit=limit, offset=offset)
    return ExperimentList(total=total, experiments=[ExperimentOut.of(row) for row in rows])


@router.get("/{experiment_id}", responses=documented(404))
def find_experiment(request: Request, experiment_id: UUID) -> ExperimentOut:
    """One experiment."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        return ExperimentOut.of(
            queries.find_experiment(conn, viewer_id=viewer_id, experiment_id=experiment_id)
        )
