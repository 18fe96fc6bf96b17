"""ETags: nothing is sent twice, and nothing unread is overwritten. Source: RFC 9110, sections 8.8 and 13."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.problems import problem

# What is replaced as a whole by people who may have read it long ago: the answer to GET is what they have read.
GUARDED = frozenset({("PUT", "/api/settings"), ("PATCH", "/api/me")})


def etag_of(body: bytes) -> str:
    """The strong ETag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


class Etags:
    """JSON that GET answers gets an ETag, and becomes 304 for `If-None-Match`; `If-Match` guards two routes (412)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD"):
            known = tags_in(Headers(scope=scope).getlist("if-none-match"))
            await self._app(scope, receive, Tagging(send, known))
        elif await self._is_overtaken(scope):
            refusal = problem(
                412, "it has changed since you read it; read it again, and look at what is different"
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _is_overtaken(self, scope: Scope) -> bool:
        wanted = tags_in(Headers(scope=scope).getlist("if-match"))
        if not wanted or "*" in wanted or (scope["method"], scope["path"]) not in GUARDED:
            return False
        now = Overheard()
        # Without the conditions of this request: they are about its own answer.
        headers = [(name, value) for name, value in scope["headers"] if not name.startswith(b"if-")]
        asked = {**scope, "method": "GET", "headers": headers, "state": {**scope.get("state", {})}}
        await self._app(asked, _nothing, Tagging(now, frozenset()))
        return now.etag not in wanted


class Tagging:
    """A `send` that holds JSON back until it is whole, and lets everything else pass."""

    def __init__(self, send: Send, known: frozenset[str]) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Send one message, now or later."""
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        headers, body = MutableHeaders(raw=list(start["headers"])), bytes(self._body)
        headers["etag"] = etag = etag_of(body)
        status = 200
        if self._known & {etag, "*"}:
            status, body = 304, b""
            del headers["content-length"]
        await self._send({**start, "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


class Overheard:
    """A `send` that keeps the ETag and nothing else."""

    def __init__(self) -> None:
        self.etag = ""

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start":
            self.etag = Headers(raw=message["headers"]).get("etag", "")


def tags_in(values: Sequence[str]) -> frozenset[str]:
    """The tags of `If-Match` or `If-None-Match`; weak ones count as strong, as RFC 9110 has it for GET.

    >>> sorted(tags_in(['W/"a", "b"']))
    ['"a"', '"b"']
    """
    each = (tag.strip().removeprefix("W/") for value in values for tag in value.split(","))
    return frozenset(tag for tag in each if tag)


def _is_json(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("application/json")


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
