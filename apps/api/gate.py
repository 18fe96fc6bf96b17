"""The one door: every HTTP request and every websocket passes here before any route sees it.

Pure ASGI, because Starlette's BaseHTTPMiddleware does not see websockets and bokeh-fastapi checks neither who opens
one nor from where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote
from uuid import UUID

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.access import WEBSOCKET, Access, Rule, find_rule, pages
from apps.api.cookies import forget_session_cookie, session_secret
from apps.api.headers import security_headers
from apps.api.origins import SAFE_METHODS, may_change_state, may_open_socket, own_origin
from apps.api.plain_pages import away_page, refused_page
from apps.api.problems import problem
from apps.api.sign_in import CALLER_HEADER, Caller, Sessions
from apps.api.sockets import OpenSockets
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.storage.viewing import as_viewer

SESSION_ID_ARGUMENTS = frozenset({"bokeh-session-id", "bokeh_session_id"})


class Refusal(Exception):  # noqa: N818  (it is an answer, not an error)
    """The request goes no further; `response` is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Gate:
    """Host, route table, origin, session: in this order, for HTTP and websocket alike."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Sessions,
        sockets: OpenSockets,
        public_origins: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._sockets = sockets
        self._public_origins = public_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, websocket or lifespan."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = self._origin(scope) or ""
        guarded = _with_security_headers(send, scope["path"], origin)
        try:
            await self._admit(scope, scope["method"], origin)
        except Refusal as refusal:
            await refusal.response(scope, receive, guarded)
        else:
            with as_viewer(_viewer_of(scope)):
                await self._app(scope, receive, guarded)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._admit(scope, WEBSOCKET, self._origin(scope) or "")
        except Refusal:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accepting: the browser sees 403
        else:
            with as_viewer(_viewer_of(scope)):
                await self._sockets.run(self._app, scope["state"]["caller"].session, scope, receive, send)

    async def _admit(self, scope: Scope, method: str, origin: str) -> None:
        """Let the request pass, with its caller in `scope["state"]`. Raises: Refusal."""
        headers = Headers(scope=scope)
        if not origin:
            raise Refusal(problem(421, "this server does not answer under that name"))
        rule = find_rule(method, scope["path"])
        if rule is None:
            raise Refusal(problem(404, "no such page"))
        token = _bearer_token(headers) if method != WEBSOCKET else None
        # A token is sent by whoever means it; a cookie also by a browser that another site's page has led here.
        if token is None and not _from_our_pages(method, headers, origin):
            raise Refusal(problem(403, "this must come from one of our own pages, or with an API token"))
        if (
            SESSION_ID_ARGUMENTS
            & parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).keys()
        ):
            raise Refusal(problem(400, "a page chooses its own id"))
        scope["state"] = {**scope.get("state", {}), "origin": origin}
        if rule.access is not Access.ANYONE:
            caller = await self._caller(scope, rule, headers, origin, token)
            _require_right(rule, caller)
            _set_caller(scope, caller)

    async def _caller(
        self, scope: Scope, rule: Rule, headers: Headers, origin: str, token: str | None
    ) -> Caller:
        secret = session_secret(headers.get("cookie", ""), origin)
        recognise = self._recogniser(secret, token)
        scope["state"]["recognise"] = recognise  # long answers look again
        try:
            caller = await asyncio.to_thread(recognise)
        except DatabaseAwayError:
            raise Refusal(_away(rule)) from None
        if caller is None and token is not None:
            raise Refusal(problem(401, "this token is unknown, expired or revoked; make a new one"))
        if caller is None:
            raise Refusal(_sign_in_first(scope, rule, origin, stale=secret is not None))
        return caller

    def _recogniser(self, secret: str | None, token: str | None) -> Callable[[], Caller | None]:
        if token is not None:
            return lambda: self._sessions.token_caller(token, now=datetime.now(UTC))
        return lambda: self._sessions.caller(secret, now=datetime.now(UTC))

    def _origin(self, scope: Scope) -> str | None:
        return own_origin(Headers(scope=scope).get("host", ""), self._public_origins)


def _viewer_of(scope: Scope) -> UUID | None:
    caller: Caller | None = scope["state"].get("caller")
    return caller.viewer_id if caller else None


def _from_our_pages(method: str, headers: Headers, origin: str) -> bool:
    if method == WEBSOCKET:
        return may_open_socket(headers, origin)
    return method in SAFE_METHODS or may_change_state(headers, origin)


def _bearer_token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _require_right(rule: Rule, caller: Caller) -> None:
    """Raises: Refusal: The caller's role, token or long-past sign-in does not allow this."""
    if why := rule.refusal(caller):
        raise Refusal(refused_page(why) if rule.is_page else problem(403, why))
    if rule.needs_confirmation and not caller.is_confirmed(datetime.now(UTC)):
        raise Refusal(problem(403, "give your password again first", type="urn:nntracker:confirm"))


def _set_caller(scope: Scope, caller: Caller) -> None:
    """Tell routes by the state, and Panel, which hands pages nothing but headers, by a header only we can set."""
    scope["state"]["caller"] = caller
    header = CALLER_HEADER.encode()
    others = [(name, value) for name, value in scope["headers"] if name.lower() != header]
    scope["headers"] = [*others, (header, caller.header.encode())]


def _sign_in_first(scope: Scope, rule: Rule, origin: str, *, stale: bool) -> Response:
    response: Response
    if rule.is_page:
        asked = scope["path"] + (
            "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
        )
        response = RedirectResponse(f"/welcome?next={quote(asked, safe='')}", status_code=303)
    else:
        response = problem(401, "sign in first: `nntracker link` prints a link")
    if stale:
        forget_session_cookie(response, origin)
    return response


def _away(rule: Rule) -> Response:
    if rule.is_page:
        return away_page()
    return problem(503, "the database does not answer; try again shortly")


def _with_security_headers(send: Send, path: str, origin: str) -> Callable[[Message], Awaitable[None]]:
    extra = security_headers(path, origin, panel_page=path in pages())
    names = {name for name, _ in extra}

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in names]
            message = {**message, "headers": [*kept, *extra]}
        await send(message)

    return guarded
