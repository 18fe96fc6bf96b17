"""Everything that is known of one run, read in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from apps.api.control_schemas import AdaptationOut, CheckpointOut, CommandOut, StateChangeOut
from apps.api.deletions import CostOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.api.schemas import RunOut
from nntracker_ray.errors import NotFoundError
from nntracker_ray.plain_values import plain
from nntracker_ray.records import RunSpec, RunState, to_json
from nntracker_ray.states import AT_WORK
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.tables import lines_of

NEWEST_COMMANDS = 20

router = APIRouter(prefix="/api", tags=["runs"])


class ReportOut(BaseModel):
    """One run as it stands, all of it from one moment."""

    run: RunOut
    specification: dict[str, Any]
    facts: dict[str, Any]
    history: list[StateChangeOut]
    commands: list[CommandOut] = Field(description=f"the newest {NEWEST_COMMANDS}")
    adaptations: list[AdaptationOut]
    checkpoints: list[CheckpointOut]
    cost: CostOut | None = Field(description="captures and points that are stored")
    at_work: int = Field(description="runs that the caller may see and that trainers have")
    queued: int = Field(description="runs that the caller may see and that wait")
    parent: RunOut | None = Field(description="of a fork, while it is there")


@router.get("/runs/{run_id}/report", responses=documented(404))
def run_report(request: Request, run_id: UUID) -> ReportOut:
    """The run, its specification, and what has happened to it."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        return _report(conn, viewer_id, run_id)


def _report(conn: Connection, viewer_id: UUID, run_id: UUID) -> ReportOut:
    one: dict[str, Any] = {"viewer_id": viewer_id, "run_id": run_id}
    spec = queries.run_spec(conn, **one)
    costs = queries.cost_of_deletion(conn, viewer_id=viewer_id, run_ids=[run_id])
    tallies = queries.queue_lengths(conn, viewer_id=viewer_id)
    commands = queries.list_commands(conn, actor_id=viewer_id, run_id=run_id, limit=NEWEST_COMMANDS)
    counts = {state: tally.runs for state, tally in tallies.items()}
    return ReportOut(
        run=RunOut.of(queries.find_run(conn, **one)),
        specification=json.loads(to_json(spec)),
        facts=plain(queries.run_facts(conn, **one)),
        history=[StateChangeOut(**line) for line in lines_of(queries.state_changes(conn, **one))],
        commands=[CommandOut.of(row) for row in commands],
        adaptations=[AdaptationOut.of(line) for line in lines_of(queries.adaptations(conn, **one))],
        checkpoints=[CheckpointOut.of(info) for info in queries.checkpoints(conn, **one)],
        cost=CostOut(**asdict(costs[0])) if costs else None,
        at_work=sum(count for state, count in counts.items() if state in AT_WORK),
        queued=counts.get(RunState.QUEUED, 0),
        parent=_parent(conn, viewer_id, spec),
    )


def _parent(conn: Connection, viewer_id: UUID, spec: RunSpec) -> RunOut | None:
    if spec.origin is None:
        return None
    try:
        return RunOut.of(queries.find_run(conn, viewer_id=viewer_id, run_id=spec.origin.run_id))
    except NotFoundError:
        return None
