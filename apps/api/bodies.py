"""Bodies of requests that are read here and not by the framework, which would read them whole, however long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from nntracker_ray.errors import BadInputError

BLOCK_BYTES = 1 << 20  # gathered before they are written: a thread for every network packet would be slow


class TooLargeError(BadInputError):
    """More came than may."""


async def short_body(request: Request, *, most: int) -> bytes:
    """The whole body. Raises: TooLargeError: It is longer than `most` bytes."""
    parts = [part async for part in _limited(request, most)]
    return b"".join(parts)


async def body_to_file(request: Request, path: Path, *, most: int) -> int:
    """Write the body into a new file as it comes. Returns its length in bytes.

    Raises: TooLargeError: It is longer than `most` bytes. BadInputError: It is empty, or the sender went away.
    """
    length, waiting = 0, bytearray()
    with await asyncio.to_thread(path.open, "xb") as file:
        async for part in _limited(request, most):
            length += len(part)
            waiting += part
            if len(waiting) >= BLOCK_BYTES:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    if not length:
        raise BadInputError("nothing came; send the file as the body of the request")
    return length


async def _limited(request: Request, most: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(int(declared), most)
    came = 0
    try:
        async for part in request.stream():
            came += len(part)
            if came > most:
                raise _too_large(came, most)
            yield part
    except ClientDisconnect as gone:
        raise BadInputError("the sender went away before everything had come") from gone


def _too_large(came: int, most: int) -> TooLargeError:
    return TooLargeError(f"{came:,} bytes or more came; at most {most:,} are allowed here")
