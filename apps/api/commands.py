"""Routes that act on runs: a command is made, and its outcome read."""

from __future__ import annotations

import threading
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Request, Response

from apps.api.control_schemas import COMMAND_EXAMPLES, CommandIn, CommandList, CommandOut
from apps.api.deletions import confirmation_of
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of, home_of
from nntracker_ray import control
from nntracker_ray.commands import CommandRow, Selection, Verb, nothing_matches
from nntracker_ray.errors import NotFoundError, UnconfirmedError
from nntracker_ray.storage import command_queries, queries
from nntracker_ray.storage.connection import Connection

LONGEST_WAIT_S = 30.0
# Each holds a thread and a connection of its own; whoever comes when they are taken is answered at once.
WAITERS = threading.BoundedSemaphore(8)

router = APIRouter(prefix="/api/commands", tags=["commands"])


@router.post("", responses={202: {"model": CommandOut}, **documented(400, 404, 409)})
def give_command(
    request: Request,
    response: Response,
    asked: Annotated[CommandIn, Body(openapi_examples=COMMAND_EXAMPLES)],
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=200, description="the same key again is the same command"),
    ] = None,
) -> CommandOut:
    """Act on runs. 200: it is done or refused for each of them; 202: for some it is still pending.

    A deletion must be confirmed by the text "delete N runs" with the number of runs that it would delete; the
    refusal of one that is not says which text that is.
    """
    row = _repeated(request, asked, idempotency_key) or _given(request, asked, idempotency_key)
    response.status_code = 200 if row.is_settled else 202
    response.headers["location"] = f"/api/commands/{row.command_id}"
    return CommandOut.of(row)


@router.get("")
def list_commands(
    request: Request,
    run_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> CommandList:
    """Commands, the newest first; with `run_id` those that were for this run."""
    actor_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        rows = queries.list_commands(conn, actor_id=actor_id, run_id=run_id, limit=limit, offset=offset)
    return CommandList(commands=[CommandOut.of(row) for row in rows])


@router.get("/{command_id}", responses=documented(404))
def find_command(
    request: Request,
    command_id: UUID,
    wait_s: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT_S, description="wait so long for a pending outcome")
    ] = 0.0,
) -> CommandOut:
    """One command as it stands; with `wait_s` once it is settled, or when the time is over."""
    actor_id, database = caller_of(request).viewer_id, database_of(request)
    if wait_s > 0 and WAITERS.acquire(blocking=False):
        try:
            return CommandOut.of(
                control.await_command(database, actor_id=actor_id, command_id=command_id, timeout_s=wait_s)
            )
        finally:
            WAITERS.release()
    with database.connection() as conn:
        return CommandOut.of(queries.find_command(conn, actor_id=actor_id, command_id=command_id))


def _repeated(request: Request, asked: CommandIn, key: str | None) -> CommandRow | None:
    """The command of which this one is the repetition, known by its key and its words."""
    if key is None or not asked.selection.said:
        return None
    return control.repeated_command(
        database_of(request),
        home_of(request),
        actor_id=actor_of(request).user_id,
        verb=asked.verb,
        arguments=asked.arguments,
        key=key,
        said=asked.selection.said,
    )


def _given(request: Request, asked: CommandIn, key: str | None) -> CommandRow:
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        selection = asked.selection.resolved(conn, actor.user_id)
        if asked.verb is Verb.DELETE:
            _require_confirmation(conn, actor.user_id, selection, asked, key)
    return control.command(
        database_of(request),
        home_of(request),
        actor_id=actor.user_id,
        by=actor.name,
        verb=asked.verb,
        selection=selection,
        arguments=asked.arguments,
        key=key,
    )


def _require_confirmation(
    conn: Connection, actor_id: UUID, selection: Selection, asked: CommandIn, key: str | None
) -> None:
    if key is not None and queries.has_command(conn, actor_id=actor_id, key=key):
        return  # what it deleted is gone: the runs can no longer be counted, nor deleted again
    count = len(command_queries.selected_run_nos(conn, actor_id=actor_id, selection=selection))
    if not count:
        raise NotFoundError(nothing_matches(selection))
    text = confirmation_of(count)
    if asked.confirmation != text:
        came = "no confirmation" if asked.confirmation is None else f"{asked.confirmation!r:.80}"
        raise UnconfirmedError(
            f'nothing was deleted: {came} came; to go on, send "confirmation": "{text}"', text
        )
