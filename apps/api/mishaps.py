"""What nobody has foreseen: logged with its traceback and the request's number, answered with the number alone."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from apps.api.headers import security_headers
from apps.api.problems import problem

HEADER = "x-request-id"

log = logging.getLogger(__name__)


class Mishaps:
    """The outermost of all: gives each request a number, and lets no exception pass without a word."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, websocket or lifespan."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        numbered = _Numbered(send, uuid4().hex[:12])
        try:
            await self._app(scope, receive, numbered)
        except ClientDisconnected:
            # Somebody has closed the page while it was being answered.
            log.debug("request %s: its client has gone", numbered.number)
        except Exception:
            what = f"{scope.get('method', 'websocket')} {scope['path']!r}"
            log.exception("request %s failed: %s by %s", numbered.number, what, _caller(scope))
            if scope["type"] == "websocket" or numbered.has_begun:
                raise
            await _answer(scope, receive, numbered)


class _Numbered:
    """A `send` that tells the number of the request, and knows whether the answer has begun."""

    def __init__(self, send: Send, number: str) -> None:
        self._send, self.number, self.has_begun = send, number, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            message = {**message, "headers": list(message.get("headers", []))}
            MutableHeaders(raw=message["headers"])[HEADER] = self.number
        await self._send(message)


async def _answer(scope: Scope, receive: Receive, send: _Numbered) -> None:
    detail = (
        f"the server has failed at your request {send.number}, in a way that nobody has foreseen. Try it again; if it "
        "fails again, give an administrator this number: it stands in logs/web.log of the data folder"
    )
    response = problem(500, detail, request=send.number)
    # The gate, which sets them otherwise, may be what has failed.
    for name, value in security_headers(scope["path"], "", panel_page=False):
        response.headers[name.decode()] = value.decode()
    await response(scope, receive, send)


def _caller(scope: Scope) -> str:
    caller = scope.get("state", {}).get("caller")
    return repr(caller.name) if caller else "nobody known"
