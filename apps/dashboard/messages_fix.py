"""Repairs of how Panel 1.9 and bokeh-fastapi 0.1.8 send messages to a page: each arrives, and in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

from bokeh_fastapi.handler import WSHandler
from panel.io import document

_FIXED = "_nntracker_fixed"
_TURN = "_nntracker_turn"


def send_messages_whole() -> None:
    """Let the frames of a message follow each other.

    As released, an answer and a change that are sent at the same time mix their frames where the network is slow, and
    the page can read neither.
    """
    original = WSHandler.send_message
    if getattr(original, _FIXED, False):
        return

    async def send_message(self: Any, message: Any) -> int:
        turn = self.__dict__.setdefault(_TURN, asyncio.Lock())
        async with turn:
            sent: int = await original(self, message)
            return sent

    setattr(send_message, _FIXED, True)
    WSHandler.send_message = send_message


def leave_no_message_behind() -> None:
    """Send what was put down while Panel was sending.

    As released, `_dispatch_msgs` takes its mark off the document when it has sent what it took, also where more has
    been put down meanwhile; the task that was started for that finds no mark and does nothing. So the message stays
    there until there is another, and a page on which nothing else happens never shows it.
    """
    original = document._dispatch_msgs
    if getattr(original, _FIXED, False):
        return

    async def dispatch(doc: Any) -> None:
        await original(doc)
        while document._WRITE_MSGS.get(doc) and doc not in document._WRITE_BLOCK:
            document._WRITE_BLOCK[doc] = True
            await original(doc)

    setattr(dispatch, _FIXED, True)
    document._dispatch_msgs = dispatch
