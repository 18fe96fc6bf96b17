"""Routes that read runs. What a caller may not see is not found."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request

from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.api.schemas import Health, MetricColumns, RunList, RunOut, json_number
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

router = APIRouter(prefix="/api")


@router.get("/health")
def health(request: Request) -> Health:
    """Whether the web server and the database answer. Needs no session."""
    database: Database = request.app.state.database
    try:
        with database.connection():
            return Health(database="up")
    except DatabaseAwayError:
        return Health(database="away")


@router.get("/runs")
def list_runs(
    request: Request,
    experiment_id: UUID | None = None,
    tag: Annotated[str | None, Query(max_length=200)] = None,
    state: Annotated[list[RunState] | None, Query(description="only in these; repeat for several")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> RunList:
    """Runs, newest experiment first, then in the order of the grid."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        total = queries.count_runs(
            conn, viewer_id=viewer_id, experiment_id=experiment_id, tag=tag, states=state or ()
        )
        rows = queries.list_runs(
            conn,
            viewer_id=viewer_id,
            experiment_id=experiment_id,
            tag=tag,
            states=state or (),
            limit=limit,
            offset=offset,
        )
    return RunList(total=total, runs=[RunOut.of(row) for row in rows])


@router.get("/runs/{run_id}", responses=documented(404))
def find_run(request: Request, run_id: UUID) -> RunOut:
    """One run."""
    with database_of(request).connection() as conn:
        return RunOut.of(queries.find_run(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id))


@router.get("/runs/{run_id}/metrics", responses=documented(404))
def run_metrics(
    request: Request,
    run_id: UUID,
    metric: Annotated[list[str] | None, Query(description="only these; repeat for several")] = None,
    after_epoch: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
) -> MetricColumns:
    """Metric values of one run, of later epochs than `after_epoch`."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        queries.find_run(conn, viewer_id=viewer_id, run_id=run_id)
        columns = queries.learning_curves(
            conn, viewer_id=viewer_id, run_ids=[run_id], metrics=metric, after_epoch=after_epoch
        )
    return MetricColumns(
        metric=list(columns["metric"]),
        epoch=[int(epoch) for epoch in columns["epoch"]],
        step=[int(step) for step in columns["step"]],
        value=[json_number(float(value)) for value in columns["value"]],
        time=[moment.replace(tzinfo=UTC) for moment in np.asarray(columns["time"]).tolist()],
        inherited=np.asarray(columns["inherited"]).tolist(),
    )
