"""Routes that let others see an experiment."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
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
from nntracker_ray.accounts.secrets import new_secret, secret_hash
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.storage import sharing_writes
from nntracker_ray.storage.account_queries import account_called

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
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        sharing_writes.require_sharer(conn, actor_id=actor.user_id, experiment_id=experiment_id)
        account = account_called(conn, wanted.name)
        if account is None:
            raise NotFoundError(f"nobody here is called {wanted.name!r}")
        if account.user_id == actor.user_id:
            raise ConflictError("you see it already")
        sharing_writes.share_with(
            conn,
            actor_id=actor.user_id,
            experiment_id=experiment_id,
            user_id=account.user_id,
            may_act=wanted.may == "act",
            by=actor.name,
        )
        actor.note(conn, "shared an experiment", str(experiment_id), f"with {account.name}, to {wanted.may}")
    return Response(status_code=204)


@router.delete("/shares/{user_id}", status_code=204, responses=documented(404))
def unshare(request: Request, experiment_id: UUID, user_id: UUID) -> Response:
    """An account no longer sees it."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        sharing_writes.unshare(conn, actor_id=actor.user_id, experiment_id=experiment_id, user_id=user_id)
        actor.note(conn, "stopped sharing an experiment", str(experiment_id), f"with {user_id}")
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
    actor, secret = actor_of(request), new_secret()
    expires_at = datetime.now(UTC) + timedelta(days=wanted.days)
    with database_of(request).connection() as conn:
        link_id = sharing_writes.add_share_link(
            conn,
            actor_id=actor.user_id,
            experiment_id=experiment_id,
            token_hash=secret_hash(secret),
            by=actor.name,
            expires_at=expires_at,
        )
        actor.note(conn, "made a link to an experiment", str(experiment_id), f"until {expires_at:%Y-%m-%d}")
    link = f"{request.state.origin}/shared#{secret}"
    return NewShareLinkOut(link_id=link_id, link=link, expires_at=expires_at)


@router.delete("/links/{link_id}", status_code=204, responses=documented(404))
def revoke_link(request: Request, experiment_id: UUID, link_id: UUID) -> Response:
    """The link opens nothing any more, and whoever came by it is signed out."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        ended = sharing_writes.revoke_share_link(
            conn, actor_id=actor.user_id, experiment_id=experiment_id, link_id=link_id
        )
        actor.note(conn, "took back a link to an experiment", str(experiment_id))
    close_sockets(request, ended)
    return Response(status_code=204)


def _share(row: sharing_writes.ShareRow) -> ShareOut:
    known = {name: value for name, value in asdict(row).items() if name != "may_act"}
    return ShareOut(**known, may="act" if row.may_act else "see")
