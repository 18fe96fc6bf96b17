"""Repairs of how Panel 1.9 and bokeh-fastapi 0.1.8 send messages to a page: each arrives, and in one piece."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from bokeh.document.events import DocumentPatchedEvent
from bokeh_fastapi.handler import WSHandler
from panel.io import document
from panel.io.state import state

_FIXED = "_nntracker_fixed"
_TURN = "_nntracker_turn"


def repair_messages() -> None:
    """All three; twice is once."""
    send_messages_whole()
    leave_no_message_behind()
    send_what_changes_while_a_page_is_drawn()


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


def send_what_changes_while_a_page_is_drawn() -> None:
    """Send what changes between the moment when a browser has read a page and the one when it has drawn all of it.

    As released, Panel holds a page for unread until then, and drops what a hold has collected: it will be read with the
    page. But it was read already, so the browser never hears of it: a page that is filled quickly stays empty.
    """
    original = document._drain_unconnected_events
    if getattr(original, _FIXED, False):
        return

    def drain(doc: Any, lock: threading.Lock) -> list[Any]:
        if not _is_read(doc) or state._current_thread != state._thread_id:
            return list(original(doc, lock))
        with lock:
            held = list(doc.callbacks._held_events or [])
            # In their order: what says how to change a text must not come before the text.
            changes = [event for event in held if isinstance(event, DocumentPatchedEvent)]
            doc.callbacks._held_events = [e for e in held if not isinstance(e, DocumentPatchedEvent)]
        return [*changes, *original(doc, lock)]

    setattr(drain, _FIXED, True)
    document._drain_unconnected_events = drain


def _is_read(doc: Any) -> bool:
    """Whether a browser is connected, which reads the page first of all."""
    session = getattr(doc.session_context, "session", None)
    return session is not None and session.connection_count > 0
