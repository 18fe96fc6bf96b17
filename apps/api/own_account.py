"""Routes of one's own account: profile, password, sessions, API tokens."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Response

from apps.api.account_schemas import (
    ConfirmationIn,
    MeOut,
    NewTokenOut,
    PasswordIn,
    ProfileIn,
    SessionList,
    SessionOut,
    TokenIn,
    TokenList,
    TokenOut,
)
from apps.api.cookies import session_secret, set_session_cookie
from apps.api.etags import as_it_was_read
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, close_sockets, database_of, sessions_of, visit_of
from apps.api.sign_in import Caller
from nntracker_ray.accounts import own_account
from nntracker_ray.errors import BadInputError
from nntracker_ray.storage import session_writes, token_writes
from nntracker_ray.storage.account_queries import find_account
from nntracker_ray.storage.connection import Connection

router = APIRouter(prefix="/api/me", tags=["account"])


@router.get("")
def who_am_i(request: Request) -> MeOut:
    """The account behind this session or token."""
    caller = caller_of(request)
    if caller.user_id is None:
        return MeOut(
            user_id=None,
            name=caller.name,
            role=caller.role,
            scopes=sorted(caller.scopes),
            experiment_id=caller.experiment_id,
        )
    with database_of(request).connection() as conn:
        return _me(conn, caller)


@router.patch("", responses=documented(400, 409, 412))
def change_profile(request: Request, wanted: ProfileIn) -> MeOut:
    """Change one's name. With `If-Match` only if the account is as it was read (else 412)."""
    caller, database = caller_of(request), database_of(request)
    own_account.change_profile(
        database,
        actor_of(request),
        name=wanted.name,
        full_name=wanted.full_name,
        provided=as_it_was_read(request, lambda conn: _me(conn, caller)),
    )
    with database.connection() as conn:
        return _me(conn, caller)


@router.post("/password", status_code=204, responses=documented(400, 429))
def change_password(request: Request, wanted: PasswordIn) -> Response:
    """Set a new password. Every other session ends, and this one gets a new secret."""
    sessions, database, actor = sessions_of(request), database_of(request), actor_of(request)
    # Else a token that may only read or act could be turned into a session that may do everything.
    if caller_of(request).session_id is None:
        raise HTTPException(403, "a password is changed where one is signed in, not with a token")
    sessions.count_attempt(actor.name, visit_of(request), now=datetime.now(UTC))
    ended = own_account.change_password(
        database, actor, old=wanted.old, new=wanted.new, session_id=caller_of(request).session_id
    )
    close_sockets(request, ended)
    return _with_new_session(request, actor.user_id)


@router.post("/confirmation", status_code=204, responses=documented(400, 429))
def confirm(request: Request, wanted: ConfirmationIn) -> Response:
    """Give one's password again. For a quarter of an hour administrators' routes then ask no more."""
    caller, database, now = caller_of(request), database_of(request), datetime.now(UTC)
    sessions_of(request).count_attempt(caller.name, visit_of(request), now=now)
    own_account.require_password(database, actor_of(request), wanted.password)
    if caller.session_id is not None:
        with database.connection() as conn:
            session_writes.confirm_session(conn, session_id=caller.session_id, now=now)
    return Response(status_code=204)


@router.get("/sessions")
def list_sessions(request: Request) -> SessionList:
    """Where the account is signed in, the last used first."""
    caller = caller_of(request)
    with database_of(request).connection() as conn:
        rows = session_writes.list_sessions(conn, user_id=caller.viewer_id, now=datetime.now(UTC))
    return SessionList(
        sessions=[SessionOut(**asdict(row), is_this=row.session_id == caller.session_id) for row in rows]
    )


@router.delete("/sessions", status_code=204)
def end_other_sessions(request: Request) -> Response:
    """Sign out everywhere but here."""
    ended = own_account.end_other_sessions(
        database_of(request), actor_of(request), but=caller_of(request).session_id
    )
    close_sockets(request, ended)
    return Response(status_code=204)


@router.delete("/sessions/{session_id}", status_code=204, responses=documented(404))
def end_session(request: Request, session_id: UUID) -> Response:
    """Sign out in one place."""
    close_sockets(request, own_account.end_session(database_of(request), actor_of(request), session_id))
    return Response(status_code=204)


@router.get("/tokens")
def list_tokens(request: Request) -> TokenList:
    """The account's API tokens, the newest first. What they read cannot be shown again."""
    with database_of(request).connection() as conn:
        rows = token_writes.list_tokens(conn, user_id=actor_of(request).user_id)
    return TokenList(tokens=[TokenOut(**asdict(row)) for row in rows])


@router.post("/tokens", status_code=201, responses=documented(400, 409))
def make_token(request: Request, wanted: TokenIn) -> NewTokenOut:
    """A token for scripts: `Authorization: Bearer TOKEN`. It is shown this once."""
    if more := set(wanted.scopes) - caller_of(request).scopes:
        raise BadInputError(f"a token cannot make one that may more than itself: {', '.join(sorted(more))}")
    made = own_account.make_token(
        database_of(request),
        actor_of(request),
        name=wanted.name,
        scopes=wanted.scopes,
        lifetime=timedelta(days=wanted.days),
    )
    return NewTokenOut(token_id=made.token_id, token=made.token, expires_at=made.expires_at)


@router.delete("/tokens/{token_id}", status_code=204, responses=documented(404))
def revoke_token(request: Request, token_id: UUID) -> Response:
    """End a token at once."""
    own_account.revoke_token(database_of(request), actor_of(request), token_id)
    return Response(status_code=204)


def _me(conn: Connection, caller: Caller) -> MeOut:
    account = find_account(conn, caller.viewer_id)
    return MeOut(
        user_id=account.user_id,
        name=account.name,
        full_name=account.full_name,
        role=account.role,
        scopes=sorted(caller.scopes),
        has_password=account.password_hash is not None,
        experiment_id=None,
    )


def _with_new_session(request: Request, user_id: UUID) -> Response:
    response, origin = Response(status_code=204), request.state.origin
    held = session_secret(request.headers.get("cookie", ""), origin)
    with database_of(request).connection() as conn:
        session = sessions_of(request).open(
            conn, user_id=user_id, now=datetime.now(UTC), visit=visit_of(request), replaces=held
        )
    set_session_cookie(response, session, origin)
    return response
