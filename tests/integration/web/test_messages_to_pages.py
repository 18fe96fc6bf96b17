"""What a page is sent arrives, whole and whatever else is sent at the same time. Panel and bokeh-fastapi are real."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
from bokeh.document import Document
from bokeh.document.events import TitleChangedEvent
from bokeh.protocol import Protocol
from bokeh_fastapi.handler import WSHandler
from panel.io import document, fastapi

from apps.dashboard.messages_fix import repair_messages

assert WSHandler in fastapi.extra_socket_handlers  # the import is what tells Panel how to send to it
MOMENTS = range(12)  # turns of the event loop after which a second message comes


@pytest.fixture(autouse=True)
def repaired() -> None:
    """As the pages are served. Without the one the first test fails at moment 3, without the other both tests do."""
    repair_messages()


class SlowNetwork:
    """The far end of a websocket that takes a frame only after a few turns of the event loop."""

    application_state = SimpleNamespace(name="CONNECTED")

    def __init__(self) -> None:
        self.frames: list[str] = []

    async def send_text(self, text: str) -> None:
        await asyncio.sleep(0)
        self.frames.append(text)


class Connection:
    """Of a page, as Panel knows it."""

    protocol = Protocol()

    def __init__(self) -> None:
        self.network = SlowNetwork()
        self._socket = WSHandler.__new__(WSHandler)
        self._socket._socket = self.network


def titles(frames: list[str]) -> list[str]:
    """Of the messages, each of three frames: header, metadata, content."""
    assert [("msgtype" in json.loads(header)) for header in frames[::3]] == [True] * (len(frames) // 3)
    return [json.loads(content)["events"][0]["title"] for content in frames[2::3]]


def say(doc: Document, connection: Connection, title: str) -> None:
    document.schedule_write_events(doc, [connection], [TitleChangedEvent(doc, title)])


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_message_is_left_behind(moment: int):
    """Whenever the second one is put down while the first is sent, and though nothing comes after it."""

    async def both() -> list[str]:
        doc = Document()
        connection = Connection()
        say(doc, connection, "first")
        for _ in range(moment):
            await asyncio.sleep(0)
        say(doc, connection, "second")
        for _ in range(100):
            await asyncio.sleep(0)
        return titles(connection.network.frames)

    assert asyncio.run(both()) == ["first", "second"]


def test_frames_of_two_messages_do_not_mix():
    """An answer and a change, sent at the same time."""

    async def both() -> list[str]:
        connection = Connection()
        messages = [
            connection.protocol.create("PATCH-DOC", [TitleChangedEvent(Document(), title)])
            for title in ("one", "other")
        ]
        await asyncio.gather(*(connection._socket.send_message(message) for message in messages))
        return titles(connection.network.frames)

    assert asyncio.run(both()) == ["one", "other"]
