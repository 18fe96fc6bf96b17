"""Open websockets by session, so that signing out ends them at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

SIGNED_OUT = 4401  # websocket close code; 4000-4999 are free for applications


class OpenSockets:
    """Runs websockets until they end by themselves or their session does. One event loop; `close` from any thread."""

    def __init__(self) -> None:
        self._watch: Callable[[], None] = lambda: None
        self._endings: defaultdict[bytes, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, app: ASGIApp, session: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one websocket."""
        self._loop = asyncio.get_running_loop()
        ending = asyncio.Event()
        self._endings[session].add(ending)
        self._watch()
        try:
            await _until(ending, app(scope, receive, send), lambda: _close(send))
        finally:
            self._endings[session].discard(ending)
            if not self._endings[session]:
                del self._endings[session]

    def watched_by(self, watch: Callable[[], None]) -> None:
        """Call `watch` when one opens: from then on somebody must hear which sessions end."""
        self._watch = watch

    @property
    def sessions(self) -> frozenset[bytes]:
        """Those that have one open now."""
        return frozenset(tuple(self._endings))

    def close(self, session: bytes) -> None:
        """End every websocket of a session, soon."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end, session)

    def _end(self, session: bytes) -> None:
        for ending in self._endings.get(session, ()):
            ending.set()


async def _until(ending: asyncio.Event, work: Awaitable[None], close: Callable[[], Awaitable[None]]) -> None:
    socket = asyncio.ensure_future(work)
    asked_to_end = asyncio.ensure_future(ending.wait())
    try:
        await asyncio.wait({socket, asked_to_end}, return_when=asyncio.FIRST_COMPLETED)
        if not socket.done():
            await close()
        else:
            await socket
    finally:
        asked_to_end.cancel()
        socket.cancel()
        await asyncio.gather(socket, asked_to_end, return_exceptions=True)


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": SIGNED_OUT, "reason": "signed out"})
