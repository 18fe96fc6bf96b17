"""Requests that make something and are sent twice: with the same `Idempotency-Key` the second is answered as the first.

Only for routes that do not keep keys in the database. What was answered is kept for ten minutes, in this process.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.problems import problem

KEPT_S: Final = 600.0
MOST_KEPT: Final = 1000
MOST_BYTES: Final = 100_000  # of a request: these are a few words each
LONGEST_KEY: Final = 200
PATHS: Final = re.compile(
    r"/api/(me/tokens|users|users/[^/]+/login-link|invitations|experiments/[^/]+/(links|shares)|runs/tags)"
)
Key = tuple[str, str, str]  # caller, path, key


@dataclass(slots=True)
class Answered:
    """A request and its answer, once there is one."""

    body_hash: bytes
    asked_at_s: float
    messages: list[Message] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Repetitions:
    """Answers a repeated POST from memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answered: dict[Key, Answered] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
        elif len(key[2]) > LONGEST_KEY:
            await problem(400, f"an Idempotency-Key has {LONGEST_KEY} characters at most")(
                scope, receive, send
            )
        else:
            await self._once(key, await _whole(receive), scope, send)

    async def _once(self, key: Key, body: bytes | None, scope: Scope, send: Send) -> None:
        if body is None:
            await problem(413, f"at most {MOST_BYTES:,} bytes")(scope, _nothing, send)
            return
        self._forget_old()
        digest = hashlib.sha256(body).digest()
        known = self._answered.get(key)
        if known is None:
            await self._first(key, digest, body, scope, send)
        elif known.body_hash != digest:
            detail = f"the key {key[2]!r} belongs to another request; use a new key for each"
            await problem(409, detail)(scope, _nothing, send)
        else:
            await known.done.wait()
            await self._again(known, key, body, scope, send)

    async def _first(self, key: Key, digest: bytes, body: bytes, scope: Scope, send: Send) -> None:
        answered = self._answered[key] = Answered(digest, time.monotonic())

        async def overheard(message: Message) -> None:
            answered.messages.append(message)
            await send(message)

        try:
            await self._app(scope, _replayed(body), overheard)
        finally:
            # What failed may be tried again with the same key.
            if not _succeeded(answered.messages):
                answered.messages.clear()
                self._answered.pop(key, None)
            answered.done.set()

    async def _again(self, known: Answered, key: Key, body: bytes, scope: Scope, send: Send) -> None:
        if not known.messages:
            await self._first(key, known.body_hash, body, scope, send)
            return
        for message in known.messages:
            await send(message)

    def _forget_old(self) -> None:
        old_s = time.monotonic() - KEPT_S
        for key in [key for key, one in self._answered.items() if one.asked_at_s < old_s]:
            del self._answered[key]
        while len(self._answered) >= MOST_KEPT:
            del self._answered[next(iter(self._answered))]


def _key(scope: Scope) -> Key | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not PATHS.fullmatch(scope["path"]):
        return None
    sent = Headers(scope=scope).get("idempotency-key")
    caller = scope.get("state", {}).get("caller")
    return None if not sent or caller is None else (str(caller.viewer_id), scope["path"], sent)


async def _whole(receive: Receive) -> bytes | None:
    """The body; None if it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _succeeded(messages: list[Message]) -> bool:
    return bool(messages) and 200 <= messages[0]["status"] < 300 and not messages[-1].get("more_body", False)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
