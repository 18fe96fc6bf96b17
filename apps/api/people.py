"""Routes of administrators: accounts, invitations, settings, the audit log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from apps.api.account_schemas import (
    AuditList,
    AuditOut,
    InvitationIn,
    InvitationList,
    InvitationOut,
    LoginLinkOut,
    NewInvitationOut,
    Settings,
    UserChange,
    UserIn,
    UserList,
    UserOut,
)
from apps.api.etags import as_it_was_read
from apps.api.problems import documented
from apps.api.request_state import actor_of, close_sockets, database_of
from nntracker_ray.accounts import administration, login_links, registration
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import invitation_writes
from nntracker_ray.storage.account_queries import UserOrder, account_row, list_accounts
from nntracker_ray.storage.audit_log import list_deeds
from nntracker_ray.storage.connection import Connection

router = APIRouter(prefix="/api", tags=["administration"])


@router.get("/users")
def list_users(
    request: Request,
    search: Annotated[str, Query(max_length=100, description="part of the name or the full name")] = "",
    role: Role | None = None,
    disabled: bool | None = None,
    order_by: UserOrder = "name",
    descending: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> UserList:
    """A page of accounts, with what their runs are doing."""
    with database_of(request).connection() as conn:
        page = list_accounts(
            conn,
            search=search,
            role=role,
            disabled=disabled,
            order_by=order_by,
            descending=descending,
            limit=limit,
            offset=offset,
        )
    return UserList(total=page.total, users=[UserOut(**asdict(row)) for row in page.rows])


@router.get("/users/{user_id}", responses=documented(404))
def find_user(request: Request, user_id: UUID) -> UserOut:
    """One account, with what its runs are doing."""
    with database_of(request).connection() as conn:
        return UserOut(**asdict(account_row(conn, user_id)))


@router.post("/users", status_code=201, responses=documented(400, 409))
def make_user(request: Request, wanted: UserIn) -> LoginLinkOut:
    """An account, and a link by which its owner signs in once and sets a password."""
    database, actor = database_of(request), actor_of(request)
    user_id = administration.make_account(
        database, actor, name=wanted.name, full_name=wanted.full_name, role=wanted.role
    )
    return _login_link(request, user_id)


@router.patch("/users/{user_id}", status_code=204, responses=documented(404, 409))
def change_user(request: Request, user_id: UUID, wanted: UserChange) -> Response:
    """Give an account another role, close it, or open it again."""
    ended = administration.change_account(
        database_of(request), actor_of(request), user_id, role=wanted.role, disabled=wanted.disabled
    )
    close_sockets(request, ended)
    return Response(status_code=204)


@router.delete("/users/{user_id}", status_code=204, responses=documented(404, 409))
def delete_user(
    request: Request,
    user_id: UUID,
    heir_id: Annotated[
        UUID | None, Query(description="who gets its experiments, datasets and models")
    ] = None,
) -> Response:
    """Remove an account. One that has experiments needs an heir."""
    ended = administration.delete_account(database_of(request), actor_of(request), user_id, heir_id=heir_id)
    close_sockets(request, ended)
    return Response(status_code=204)


@router.post("/users/{user_id}/login-link", status_code=201, responses=documented(404, 409))
def make_login_link(request: Request, user_id: UUID) -> LoginLinkOut:
    """A link for somebody who has forgotten their password."""
    return _login_link(request, user_id)


@router.get("/invitations")
def list_invitations(request: Request) -> InvitationList:
    """Invitations that can still be used."""
    with database_of(request).connection() as conn:
        rows = invitation_writes.list_invitations(conn, now=datetime.now(UTC))
    return InvitationList(invitations=[InvitationOut(**asdict(row)) for row in rows])


@router.post("/invitations", status_code=201, responses=documented(409))
def invite(request: Request, wanted: InvitationIn) -> NewInvitationOut:
    """A link by which one person may register within a week."""
    invitation_id, secret = registration.invite(database_of(request), actor_of(request), wanted.role)
    return NewInvitationOut(invitation_id=invitation_id, link=f"{request.state.origin}/register#{secret}")


@router.delete("/invitations/{invitation_id}", status_code=204, responses=documented(404))
def revoke_invitation(request: Request, invitation_id: UUID) -> Response:
    """Take an invitation back."""
    registration.revoke_invitation(database_of(request), actor_of(request), invitation_id)
    return Response(status_code=204)


@router.get("/settings")
def find_settings(request: Request) -> Settings:
    """What is in force."""
    with database_of(request).connection() as conn:
        return _settings(conn)


@router.put("/settings", responses=documented(400, 412))
def change_settings(request: Request, wanted: Settings) -> Settings:
    """Set them. With `If-Match` only if they are as they were read (else 412)."""
    administration.change_settings(
        database_of(request),
        actor_of(request),
        wanted.model_dump(mode="json", exclude_none=True),
        provided=as_it_was_read(request, _settings),
    )
    return find_settings(request)


@router.get("/audit")
def list_audit(
    request: Request,
    search: Annotated[str, Query(max_length=100)] = "",
    user_id: UUID | None = None,
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditList:
    """What people have done, the newest first."""
    with database_of(request).connection() as conn:
        rows = list_deeds(conn, search=search, user_id=user_id, before=before, limit=limit)
    return AuditList(
        entries=[AuditOut(**asdict(row)) for row in rows], next=rows[-1].no if len(rows) == limit else None
    )


def _settings(conn: Connection) -> Settings:
    return Settings.model_validate(administration.all_settings(conn))


def _login_link(request: Request, user_id: UUID) -> LoginLinkOut:
    secret = login_links.make_for_somebody(database_of(request), actor_of(request), user_id)
    return LoginLinkOut(user_id=user_id, link=f"{request.state.origin}/welcome#{secret}")
