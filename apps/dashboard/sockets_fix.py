"""Repairs of bokeh-fastapi 0.1.8, in the class that serves a websocket."""

from __future__ import annotations

import hmac
from typing import Any

from bokeh.util.token import get_token_payload
from bokeh_fastapi.handler import WSHandler

from apps.api.sign_in import CALLER_HEADER

_FIXED = "_nntracker_fixed"


def close_sessions_with_their_sockets() -> None:
    """Let a page's session end with its websocket, and let only the caller who got a page open its websocket.

    As released, a closed websocket is never noticed: sessions and their callbacks live for ever. And a page token works
    for whoever holds it.
    """
    original = WSHandler.ws_connect
    if getattr(original, _FIXED, False):
        return

    async def ws_connect(self: Any, websocket: Any) -> None:
        if not _same_caller(websocket):
            await websocket.close(1008)
            return
        try:
            await original(self, websocket)
        finally:
            if self.connection is not None:
                self.application.client_lost(self.connection)

    handle = WSHandler._handle

    async def handle_while_open(self: Any, message: Any) -> Any:
        # What a page said last before it was closed has nobody to be said to.
        return await handle(self, message) if self.connection in self.application._clients else None

    setattr(ws_connect, _FIXED, True)
    WSHandler.ws_connect = ws_connect
    WSHandler._handle = handle_while_open


def _same_caller(websocket: Any) -> bool:
    """Whether the page token was made for the session that now shows it. Its signature is checked afterwards."""
    protocols = websocket.scope["subprotocols"]
    if len(protocols) != 2:
        return False
    try:
        headers = get_token_payload(protocols[1]).get("headers", {})
    except ValueError:
        return False
    made_for = next((value for name, value in headers.items() if name.lower() == CALLER_HEADER), "")
    return hmac.compare_digest(made_for.encode(), websocket.headers.get(CALLER_HEADER, "").encode())
