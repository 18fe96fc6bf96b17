"""ETags: nothing is sent twice, and nothing unread is overwritten. Source: RFC 9110, sections 8.8 and 13."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nntracker_ray.storage.connection import Connection


def etag_of(body: bytes) -> str:
    """The strong ETag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


class OvertakenError(Exception):
    """What is to be changed has changed since it was read."""


class Etags:
    """JSON that GET answers gets an ETag, and becomes 304 for `If-None-Match`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if is_read and scope["path"].startswith("/api/"):
            known = tags_in(Headers(scope=scope).getlist("if-none-match"))
            await self._app(scope, receive, Tagging(send, known))
        else:
            await self._app(scope, receive, send)


def as_it_was_read(
    request: Request, answer: Callable[[Connection], BaseModel]
) -> Callable[[Connection], None]:
    """A check for the transaction that changes something, once that is locked: `If-Match` names what is there now.

    Args:
        answer: What GET would answer.
    Returns: a function that raises OvertakenError.
    """
    wanted = tags_in(request.headers.getlist("if-match"))

    def check(conn: Connection) -> None:
        if wanted and "*" not in wanted and etag_of(_body(answer(conn))) not in wanted:
            raise OvertakenError(
                "it has changed since you read it; read it again, and look at what is different"
            )

    return check


def _body(answer: BaseModel) -> bytes:
    return bytes(JSONResponse(answer.model_dump(mode="json")).body)


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
