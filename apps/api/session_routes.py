"""Routes of signing in and out."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from apps.api.cookies import forget_session_cookie, session_secret, set_session_cookie
from apps.api.plain_pages import welcome_page
from apps.api.sign_in import Caller, Sessions
from apps.api.sockets import OpenSockets

router = APIRouter(include_in_schema=False)


class LinkSecret(BaseModel, extra="forbid"):
    """What stands behind '#' in a one-time link."""

    token: str = Field(min_length=20, max_length=100)


@router.get("/welcome")
def welcome() -> Response:
    """The first page of everybody."""
    return welcome_page()


@router.post("/session", status_code=204)
def sign_in(secret: LinkSecret, request: Request) -> Response:
    """Redeem a one-time link. The old session of this browser ends: a session known before must not live on."""
    origin: str = request.state.origin
    sessions: Sessions = request.app.state.sessions
    held = session_secret(request.headers.get("cookie", ""), origin)
    session = sessions.redeem(secret.token, now=datetime.now(UTC), replaces=held)
    if session is None:
        raise HTTPException(401, "this link has been used or has expired; `nntracker link` prints a new one")
    response = Response(status_code=204)
    set_session_cookie(response, session, origin)
    return response


@router.get("/session", status_code=204)
def is_signed_in() -> Response:
    """204 with a session; the gate answers 401 without."""
    return Response(status_code=204)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session and close its websockets."""
    caller: Caller = request.state.caller
    sockets: OpenSockets = request.app.state.sockets
    await run_in_threadpool(request.app.state.sessions.end, caller.session)
    sockets.close(caller.session)
    response = RedirectResponse("/welcome", status_code=303)
    forget_session_cookie(response, request.state.origin)
    return response
