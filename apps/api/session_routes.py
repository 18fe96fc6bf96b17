"""Routes of signing in and out, and of getting an account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from apps.api.cookies import forget_session_cookie, session_secret, set_session_cookie
from apps.api.plain_pages import register_page, shared_page, welcome_page
from apps.api.request_state import caller_of, database_of, visit_of
from apps.api.sign_in import Sessions
from apps.api.sockets import OpenSockets
from nntracker_ray.accounts import registration

router = APIRouter(include_in_schema=False)

Secret = Annotated[str, Field(min_length=20, max_length=100)]
Password = Annotated[
    str, Field(min_length=1, max_length=300)
]  # more is asked of new ones; this bounds what is hashed


class LinkSecret(BaseModel, extra="forbid"):
    """What stands behind '#' in a one-time link."""

    token: Secret


class NameAndPassword(BaseModel, extra="forbid"):
    """How people sign in who have chosen a password."""

    name: str = Field(min_length=1, max_length=100)
    password: Password


class ShareSecret(BaseModel, extra="forbid"):
    """What stands behind '#' in a link that shares an experiment."""

    share: Secret


class RegistrationIn(BaseModel, extra="forbid"):
    """Somebody who wants an account."""

    name: str = Field(max_length=100)
    password: Password
    full_name: str = Field("", max_length=200)
    invitation: Secret | None = None


@router.get("/welcome")
def welcome() -> Response:
    """The first page of everybody."""
    return welcome_page()


@router.get("/register")
def register_form() -> Response:
    """Where one makes an account."""
    return register_page()


@router.get("/shared")
def shared() -> Response:
    """Opens what a share link shares."""
    return shared_page()


@router.post("/session", status_code=204)
def sign_in(
    wanted: Annotated[LinkSecret | NameAndPassword | ShareSecret, Body()], request: Request
) -> Response:
    """Open a session. The old one of this browser ends: a session known before must not live on."""
    origin: str = request.state.origin
    sessions: Sessions = request.app.state.sessions
    held = session_secret(request.headers.get("cookie", ""), origin)
    now, visit = datetime.now(UTC), visit_of(request)
    if isinstance(wanted, ShareSecret):
        return _visit(request, sessions, wanted.share, held)
    if isinstance(wanted, LinkSecret):
        session = sessions.by_link(wanted.token, now=now, visit=visit, replaces=held)
        refusal = "this link has been used or has expired; `nntracker link` prints a new one"
    else:
        session = sessions.by_password(wanted.name, wanted.password, now=now, visit=visit, replaces=held)
        refusal = "name and password do not belong together"
    if session is None:
        raise HTTPException(401, refusal)
    response = Response(status_code=204)
    set_session_cookie(response, session, origin)
    return response


@router.get("/session", status_code=204)
def is_signed_in() -> Response:
    """204 with a session; the gate answers 401 without."""
    return Response(status_code=204)


@router.get("/registration")
def who_may_register(request: Request) -> dict[str, str]:
    """Whether people can make accounts by themselves."""
    with database_of(request).connection() as conn:
        return {"registration": registration.registration(conn)}


@router.post("/registration", status_code=201)
def register(wanted: RegistrationIn, request: Request) -> Response:
    """Make an account and sign it in."""
    sessions: Sessions = request.app.state.sessions
    now, visit = datetime.now(UTC), visit_of(request)
    sessions.count_attempt(wanted.name, visit, now=now)
    new = registration.NewAccount(wanted.name, wanted.password, wanted.full_name, wanted.invitation)
    user_id = registration.register(database_of(request), new, address=visit.address)
    with database_of(request).connection() as conn:
        held = session_secret(request.headers.get("cookie", ""), request.state.origin)
        session = sessions.open(conn, user_id=user_id, now=now, visit=visit, replaces=held)
    response = JSONResponse({"user_id": str(user_id)}, status_code=201)
    set_session_cookie(response, session, request.state.origin)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session and close its websockets."""
    caller = caller_of(request)
    sockets: OpenSockets = request.app.state.sockets
    await run_in_threadpool(request.app.state.sessions.end, caller.session)
    sockets.close(caller.session)
    response = RedirectResponse("/welcome", status_code=303)
    forget_session_cookie(response, request.state.origin)
    return response


def _visit(request: Request, sessions: Sessions, secret: str, held: str | None) -> Response:
    found = sessions.by_share_link(secret, now=datetime.now(UTC), visit=visit_of(request), replaces=held)
    if found is None:
        raise HTTPException(401, "this link has expired or was taken back; ask for a new one")
    session, opened = found
    response = JSONResponse({"experiment_id": str(opened.experiment_id)})
    set_session_cookie(response, session, request.state.origin)
    return response
