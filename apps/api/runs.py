"""Routes that read runs. What a caller may not see is not found."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request

from apps.api.asked_words import Metrics, Moment, Word
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.api.schemas import Health, MetricColumns, RunList, RunOut, json_number
from nntracker_ray.commands import Selection
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import RunState
from nntracker_ray.run_lists import METRIC_ORDER, RunColumn, RunFilter, RunOrder
from nntracker_ray.storage import queries
from nntracker_ray.storage.account_queries import account_called
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.run_queries import RunPage

router = APIRouter(prefix="/api", tags=["runs"])
NOBODY = UUID(int=0)
SORT = (
    "a column, from the greatest down with a minus: " + ", ".join(RunColumn) + f", {METRIC_ORDER}NAME. "
    "Runs without a value come last"
)


@router.get("/health")
def health(request: Request) -> Health:
    """Whether the web server and the database answer. Needs no session."""
    database: Database = request.app.state.database
    try:
        with database.connection():
            return Health(database="up")
    except DatabaseAwayError:
        return Health(database="away")


@router.get("/runs", responses=documented(400))
def list_runs(
    request: Request,
    run_id: Annotated[
        list[UUID] | None, Query(max_length=200, description="only these; repeat for several")
    ] = None,
    experiment_id: UUID | None = None,
    tag: Annotated[Word | None, Query()] = None,
    state: Annotated[list[RunState] | None, Query(description="only in these; repeat for several")] = None,
    search: Annotated[
        Word,
        Query(description="part of the run's name, its experiment's or one of its tags, in whatever case"),
    ] = "",
    owner: Annotated[Word | None, Query(description="whose, by name")] = None,
    since: Annotated[Moment | None, Query(description="submitted then or later")] = None,
    until: Annotated[Moment | None, Query(description="submitted before")] = None,
    sort: Annotated[
        Word, Query(description=SORT, examples=["-metric:val_accuracy"])
    ] = RunColumn.SUBMITTED.value,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> RunList:
    """A page of runs: those that match every part given."""
    selection = Selection(tuple(run_id or ()), experiment_id, tag, tuple(state or ()))
    order = RunOrder.read(sort)
    with database_of(request).connection() as conn:
        owner_id = _account_id(conn, owner) if owner is not None else None
        asked = RunFilter(selection, search, owner_id, since, until)
        page = _page(conn, caller_of(request).viewer_id, asked, order, limit=limit, offset=offset)
    return RunList(total=page.total, runs=[RunOut.of(row) for row in page.rows])


def _page(
    conn: Connection, viewer_id: UUID, asked: RunFilter, order: RunOrder, *, limit: int, offset: int
) -> RunPage:
    page = queries.page_of_runs(
        conn, viewer_id=viewer_id, wanted=asked, order=order, limit=limit, offset=offset
    )
    if page.rows or not offset:
        return page
    # Behind the last page the rows do not tell how many there are.
    return RunPage((), queries.page_of_runs(conn, viewer_id=viewer_id, wanted=asked, limit=1).total)


def _account_id(conn: Connection, name: str) -> UUID:
    """The account's id; for a name that nobody has, one that nobody has."""
    account = account_called(conn, name)
    return account.user_id if account else NOBODY


@router.get("/runs/{run_id}", responses=documented(404))
def find_run(request: Request, run_id: UUID) -> RunOut:
    """One run."""
    with database_of(request).connection() as conn:
        return RunOut.of(queries.find_run(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id))


@router.get("/runs/{run_id}/metrics", responses=documented(404))
def run_metrics(
    request: Request,
    run_id: UUID,
    metric: Metrics = None,
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
