"""Requests that make something and are sent twice: with the same `Idempotency-Key` the second is answered as the first.

Only for routes that do not keep keys themselves. What was answered is kept for a day, in the database: any server
answers, also after a restart. Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.answers import HeldBack, answer_again
from apps.api.cookies import session_secret
from apps.api.problems import problem
from apps.api.sealed import body_mac, seal, unsealed
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.storage import repetition_writes as kept
from nntracker_ray.storage.connection import Connection, Database

MOST_BYTES: Final = 100_000  # of a request: these are a few words each
LONGEST_KEY: Final = 200
WAIT_S: Final = 5.0  # for the answer to the first
LOOK_EVERY_S: Final = 0.1
PATHS: Final = re.compile(
    r"/api/(me/tokens|users|users/[^/]+/login-link|invitations|experiments/[^/]+/(links|shares)|runs/tags)"
)
T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be sent again."""

    claim: kept.Claim
    secret: str  # of the session or token that sends it
    body: bytes

    @property
    def credential(self) -> bytes:
        """What tells sessions and tokens apart, and is in the database anyway."""
        return hashlib.sha256(self.secret.encode()).digest()

    @property
    def about(self) -> str:
        """What the answer belongs to."""
        return f"{self.claim.user_id} {self.claim.request} {self.claim.key}"


class Repetitions:
    """Answers a repeated POST as it was answered before."""

    def __init__(self, app: ASGIApp, *, database: Database) -> None:
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
        elif len(key) > LONGEST_KEY or not key.isprintable():
            refusal = problem(400, f"an Idempotency-Key has {LONGEST_KEY} printable characters at most")
            await refusal(scope, receive, send)
        elif (body := await _whole(receive)) is None:
            await problem(413, f"at most {MOST_BYTES:,} bytes")(scope, receive, send)
        else:
            await self._once(_asked(scope, key, body), scope, send)

    async def _once(self, asked: Asked, scope: Scope, send: Send) -> None:
        try:
            known = await self._claimed(asked)
        except DatabaseAwayError as error:
            await problem(503, str(error))(scope, _nothing, send)
            return
        if known is None:
            await self._first(asked, scope, send)
        elif (refusal := _refusal(asked, known)) is not None:
            await refusal(scope, _nothing, send)
        else:
            await answer_again(_answer(asked, known) or b"", send)

    async def _claimed(self, asked: Asked) -> kept.Known | None:
        """None: it is ours to answer. Another's answer is waited for."""
        loop = asyncio.get_running_loop()
        ends_at_s = loop.time() + WAIT_S
        while True:
            known = await self._stored(
                lambda conn: kept.claim_request(
                    conn,
                    asked.claim,
                    credential=asked.credential,
                    body_mac=body_mac(asked.body, secret=asked.secret),
                )
            )
            if known is None or known.answer is not None or loop.time() >= ends_at_s:
                return known
            await asyncio.sleep(LOOK_EVERY_S)

    async def _first(self, asked: Asked, scope: Scope, send: Send) -> None:
        held = HeldBack()
        try:
            with kept.answering(asked.claim):
                await self._app(scope, _replayed(asked.body), held)
        finally:
            # Also for one who has gone: they will come again.
            await asyncio.shield(self._keep(asked, held))
        for message in held.messages:
            await send(message)

    async def _keep(self, asked: Asked, held: HeldBack) -> None:
        """What failed may be tried again with the same key, unless nobody knows how far it came."""
        claim, status = asked.claim, held.status
        try:
            if held.is_success:
                sealed = seal(held.as_bytes(), secret=asked.secret, about=asked.about)
                await self._stored(lambda conn: kept.note_answered(conn, claim, status=status, answer=sealed))
            else:
                was_refused = 400 <= status < 500
                await self._stored(lambda conn: kept.release_request(conn, claim, even_acted=was_refused))
        except DatabaseAwayError as error:
            log.warning("the answer to a request that may be sent again is not kept: %s", error)

    async def _stored(self, work: Callable[[Connection], T]) -> T:
        def do() -> T:
            with self._database.connection() as conn:
                return work(conn)

        return await asyncio.to_thread(do)


def _refusal(asked: Asked, known: kept.Known) -> Response | None:
    """Why the first answer is not given again; None: it is."""
    key = asked.claim.key
    if known.credential != asked.credential:
        detail = f"the key {key!r} was used with another session or token, whose secrets are not told here"
    elif known.body_mac != body_mac(asked.body, secret=asked.secret):
        detail = f"the key {key!r} belongs to another request; use a new key for each"
    elif _answer(asked, known) is not None:
        return None
    elif known.has_acted:
        detail = "this was done, but its answer was lost; look at what there is before you use a new key"
    else:
        waits = problem(409, "the first request with this key is still being answered; ask again shortly")
        waits.headers["retry-after"] = "1"
        return waits
    return problem(409, detail)


def _answer(asked: Asked, known: kept.Known) -> bytes | None:
    if known.answer is None:
        return None
    return unsealed(known.answer, secret=asked.secret, about=asked.about)


def _key(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST" or not PATHS.fullmatch(scope["path"]):
        return None
    caller = scope.get("state", {}).get("caller")
    sent = Headers(scope=scope).get("idempotency-key")
    return sent if sent and caller is not None else None


def _asked(scope: Scope, key: str, body: bytes) -> Asked:
    headers, state = Headers(scope=scope), scope["state"]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    is_token = scheme.lower() == "bearer"
    secret = token.strip() if is_token else session_secret(headers.get("cookie", ""), state["origin"]) or ""
    claim = kept.Claim(state["caller"].viewer_id, f"{scope['method']} {scope['path']}", key)
    return Asked(claim, secret, body)


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


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
