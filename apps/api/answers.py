"""Answers as they are kept for requests that are sent again."""

from __future__ import annotations

import base64
import json

from starlette.types import Message, Send


class HeldBack:
    """A `send` that keeps an answer, to be sent once it is stored."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """Of the answer; 0 while there is none."""
        return int(self.messages[0]["status"]) if self.messages else 0

    @property
    def is_success(self) -> bool:
        """Whether it is a whole answer that says that it was done."""
        return 200 <= self.status < 300 and not self.messages[-1].get("more_body", False)

    def as_bytes(self) -> bytes:
        """To keep."""
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self._headers()]
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        kept = {"status": self.status, "headers": headers, "body": base64.b64encode(body).decode()}
        return json.dumps(kept).encode()

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.messages[0].get("headers", []))


async def answer_again(kept: bytes, send: Send) -> None:
    """Send what `HeldBack.as_bytes` has kept."""
    said = json.loads(kept)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in said["headers"]]
    await send({"type": "http.response.start", "status": said["status"], "headers": headers})
    await send({"type": "http.response.body", "body": base64.b64decode(said["body"])})
