"""Routes that let others see an experiment."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from apps.api.account_schemas import (
    NewShareLinkOut,
    ShareIn,
    ShareLinkIn,
    ShareLinkList,
    ShareLinkOut,
    ShareList,
    ShareOut,
)
from apps.api.problems import documented
from apps.api.request_state import actor_of, close_sockets, database_of
from nntracker_ray.accounts import sharing
from nntracker_ray.storage import sharing_writes

router = APIRouter(prefix="/api/experiments/{experiment_id}", tags=["sharing"])


@router.get("/shares", responses=documented(404))
def list_shares(request: Request, experiment_id: UUID) -> ShareList:
    """Whom it is shared with."""
    with database_of(request).connection() as conn:
        rows = sharing_writes.list_shares(
            conn, actor_id=actor_of(request).user_id, experiment_id=experiment_id
        )
    return ShareList(shares=[_share(row) for row in rows])


@router.post("/shares", status_code=204, responses=documented(404, 409))
def share(request: Request, experiment_id: UUID, wanted: ShareIn) -> Response:
    """Let an account see it, or also act on it."""
    sharing.share(
        database_of(request),
        actor_of(request),
        experiment_id,
        name=wanted.name,
        may_act=wanted.may == "act",
    )
    return Response(status_code=204)


@router.delete("/shares/{user_id}", status_code=204, responses=documented(404))
def unshare(request: Request, experiment_id: UUID, user_id: UUID) -> Response:
    """An account no longer sees it."""
    sharing.unshare(database_of(request), actor_of(request), experiment_id, user_id)
    return Response(status_code=204)


@router.get("/links", responses=documented(404))
def list_links(request: Request, experiment_id: UUID) -> ShareLinkList:
    """Read-only links that still open it."""
    with database_of(request).connection() as conn:
        rows = sharing_writes.list_share_links(
            conn,
            actor_id=actor_of(request).user_id,
            experiment_id=experiment_id,
            now=datetime.now(UTC),
        )
    return ShareLinkList(links=[ShareLinkOut(**asdict(row)) for row in rows])


@router.post("/links", status_code=201, responses=documented(404))
def make_link(request: Request, experiment_id: UUID, wanted: ShareLinkIn) -> NewShareLinkOut:
    """A link by which anybody who has it sees this experiment, and nothing else, until it expires."""
    made = sharing.make_link(database_of(request), actor_of(request), experiment_id, days=wanted.days)
    link = f"{request.state.origin}/shared#{made.secret}"
    return NewShareLinkOut(link_id=made.link_id, link=link, expires_at=made.expires_at)


@router.delete("/links/{link_id}", status_code=204, responses=documented(404))
def revoke_link(request: Request, experiment_id: UUID, link_id: UUID) -> Response:
    """The link opens nothing any more, and whoever came by it is signed out."""
    ended = sharing.revoke_link(database_of(request), actor_of(request), experiment_id, link_id)
    close_sockets(request, ended)
    return Response(status_code=204)


def _share(row: sharing_writes.ShareRow) -> ShareOut:
    known = {name: value for name, value in asdict(row).items() if name != "may_act"}
    return ShareOut(**known, may="act" if row.may_act else "see")
