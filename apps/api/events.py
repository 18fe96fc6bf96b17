"""Server-sent events: which runs have changed, told without being asked. Source: WHATWG HTML, "Server-sent events"."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeAlias
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of, is_still_let_in
from apps.dashboard.live import LiveFeed
from nntracker_ray.errors import ConflictError, DatabaseAwayError
from nntracker_ray.storage.change_queries import visible_changes, visible_deletions

HEARTBEAT_S = 15.0
GATHER_S = 0.2  # changes that come closer together are told together
# Whoever listens comes back with the same token or cookie, and the gate looks at it again.
LONGEST_S = 600.0
MOST_LISTENERS = 300
MOST_OF_ONE = 30  # of one account or share link; else one would keep all others out
Told: TypeAlias = Mapping[str, list[UUID]]  # event -> runs

router = APIRouter(prefix="/api", tags=["events"])


class Heard:
    """What the feed has told since it was last taken. `note` may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._some = asyncio.Event()
        self._run_ids: set[UUID] = set()
        self._anything = False

    def note(self, run_id: str | None) -> None:
        """A run has changed; None: any may have."""
        self._loop.call_soon_threadsafe(self._add, run_id)

    async def some(self, within_s: float) -> bool:
        """Whether something was heard, at the latest after `within_s`."""
        try:
            await asyncio.wait_for(self._some.wait(), within_s)
        except TimeoutError:
            return False
        return True

    def take(self) -> tuple[set[UUID], bool]:
        """The runs that have changed, and whether any other may have."""
        taken = self._run_ids, self._anything
        self._run_ids, self._anything = set(), False
        self._some.clear()
        return taken

    def _add(self, run_id: str | None) -> None:
        if run_id is None:
            self._anything = True
        else:
            self._run_ids.add(UUID(run_id))
        self._some.set()


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "events"}, **documented(409)},
)
async def follow_runs(request: Request, experiment_id: UUID | None = None) -> StreamingResponse:
    """Tells of runs that change, as server-sent events, for ten minutes; come again then.

    `event: runs`, `data: {"run_ids": [...]}`: these have changed. `event: all`: any may have, look at what you follow;
    sent first, and whenever something may have gone unheard. `event: deleted`, with `run_ids` as well: these are gone.
    A comment every 15 s says that the line is open.
    """
    feed: LiveFeed = request.app.state.feed
    listening: Counter[UUID] = request.app.state.listening
    viewer_id, database = caller_of(request).viewer_id, database_of(request)
    _require_room(feed, listening[viewer_id])

    def seen(run_ids: set[UUID]) -> Told | None:
        if not is_still_let_in(request):
            return None
        with database.connection() as conn:
            changed = visible_changes(conn, viewer_id=viewer_id, run_ids=run_ids, experiment_id=experiment_id)
            left = run_ids - {*changed}
            gone = visible_deletions(conn, viewer_id=viewer_id, run_ids=left, experiment_id=experiment_id)
        return {"runs": changed, "deleted": gone}

    return StreamingResponse(
        told(feed, seen, place(listening, viewer_id)),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


def _require_room(feed: LiveFeed, of_this_one: int) -> None:
    if feed.listeners >= MOST_LISTENERS:
        raise ConflictError(f"{MOST_LISTENERS} listen already; ask again later, or without following")
    if of_this_one >= MOST_OF_ONE:
        raise ConflictError(f"you listen {MOST_OF_ONE} times already; end one of them first")


@contextmanager
def place(listening: Counter[UUID], viewer_id: UUID) -> Iterator[None]:
    """Counts a listener while it listens."""
    listening[viewer_id] += 1
    try:
        yield
    finally:
        listening[viewer_id] -= 1
        if not listening[viewer_id]:
            del listening[viewer_id]


async def told(
    feed: LiveFeed, seen: Callable[[set[UUID]], Told | None], held: AbstractContextManager[None]
) -> AsyncIterator[str]:
    """The events, one text each.

    Args:
        seen: What of some runs the listener may hear; None: nothing any more. Blocking; runs in a thread.
        held: Entered while there may be more to tell.
    """
    heard = Heard()
    ends_at_s = asyncio.get_running_loop().time() + LONGEST_S
    with held, ExitStack() as stack:
        stack.callback(feed.subscribe(heard.note))
        yield event("all")
        while asyncio.get_running_loop().time() < ends_at_s:
            if not await heard.some(HEARTBEAT_S):
                yield ": still here\n\n"
                continue
            await asyncio.sleep(GATHER_S)
            text = await _news(heard, seen)
            if text is None:
                return
            if text:
                yield text


async def _news(heard: Heard, seen: Callable[[set[UUID]], Told | None]) -> str | None:
    run_ids, anything = heard.take()
    if anything:
        return event("all")
    try:
        visible = await asyncio.to_thread(seen, run_ids)
    except DatabaseAwayError:
        return event("all")  # the listener finds out by itself whether it is back
    if visible is None:
        return None
    return "".join(event(name, run_ids=[*map(str, found)]) for name, found in visible.items() if found)


def event(name: str, **data: object) -> str:
    """One event as it is sent."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
