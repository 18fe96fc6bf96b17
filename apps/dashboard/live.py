"""Keeping open pages current: one LISTEN for the whole process, and a fetch only where something changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.storage.connection import Database

log = logging.getLogger(__name__)

RUNS = "nntracker_runs"
PEOPLE = "nntracker_people"  # accounts, invitations, settings, the audit log
RETRY_AFTER_S = 2.0
# Fifty pages that all want the database at once take turns: it answers no faster for being asked more.
FETCHING_AT_ONCE = 3
AGAIN_AFTER_S = 15.0  # a page that could not be read for a reason nobody thought of
# A page rests so many times as long as its fetch took, and as all pages took to be shown.
REST_AFTER_WORK = 6.0
UNWATCHED_LOOK_S = 1.0  # so often a page without a browser looks whether it has one again
T = TypeVar("T")
Listener = Callable[[str | None], None]  # gets a run's id ('' of people), or None: anything may have changed


class LiveFeed:
    """Hears of changes on one connection and tells every listener. Starts with its first listener."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._listeners: dict[str, set[Listener]] = {RUNS: set(), PEOPLE: set()}
        self._thread: threading.Thread | None = None
        self._turns: asyncio.Semaphore | None = None

    def turn(self) -> asyncio.Semaphore:
        """Held by a page while it fetches. One event loop only."""
        if self._turns is None:
            self._turns = asyncio.Semaphore(FETCHING_AT_ONCE)
        return self._turns

    def subscribe(self, listener: Listener, channel: str = RUNS) -> Callable[[], None]:
        """Call `listener` from the feed's thread at every change of runs, or of people; returns how to end that."""
        with self._lock:
            self._listeners[channel].add(listener)
            if self._thread is None:
                # A daemon: it waits in the database's socket, and nothing is lost when the process ends.
                self._thread = threading.Thread(target=self._listen, name="changes", daemon=True)
                self._thread.start()
        return lambda: self._unsubscribe(listener, channel)

    @property
    def listeners(self) -> int:
        """How many listen to runs now."""
        return len(self._listeners[RUNS])

    def _unsubscribe(self, listener: Listener, channel: str) -> None:
        with self._lock:
            self._listeners[channel].discard(listener)

    def _listen(self) -> None:
        for notification in self._database.listen(*self._listeners):
            channels = self._listeners if notification is None else [notification[0]]
            with self._lock:
                listeners = {one for channel in channels for one in self._listeners[channel]}
            for listener in listeners:
                # A page whose event loop is gone must not silence the others.
                with contextlib.suppress(RuntimeError):
                    listener(notification[1] if notification is not None else None)


class Refresher(Generic[T]):
    """One open page: woken by the feed, fetches in a thread, shows on the event loop. Bursts become one fetch.

    Args:
        feed: Tells of changes.
        concerns: Whether a change of this run matters to the page.
        of_people: Whether changes to accounts and what belongs to them do.
        fetch: Reads the database; runs in a thread; may raise DatabaseAwayError.
        show: Gets what was fetched, on the event loop, where the page may be changed.
        show_away: Called when the database does not answer; `show` follows when it does again.
        pause_s: At least so long between two fetches.
    """

    def __init__(
        self,
        feed: LiveFeed,
        *,
        concerns: Callable[[str], bool],
        fetch: Callable[[], T],
        show: Callable[[T], None],
        show_away: Callable[[], None],
        pause_s: float,
        of_people: bool = False,
    ) -> None:
        self._feed = feed
        self._channels = (RUNS, PEOPLE) if of_people else (RUNS,)
        self._concerns = concerns
        self._fetch = fetch
        self._show = show
        self._show_away = show_away
        self._pause_s = pause_s
        self._changed, self._is_asked = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._subscriptions: list[Callable[[], None]] = []
        self._is_watched: Callable[[], bool] = lambda: True

    def only_while(self, is_watched: Callable[[], bool]) -> None:
        """Do nothing while this says that nobody looks; what changed meanwhile is fetched afterwards."""
        self._is_watched = is_watched

    def start(self) -> None:
        """Fetch and show now, and then at every change. Call on the event loop."""
        loop = asyncio.get_running_loop()

        def wake(run_id: str | None) -> None:
            if not run_id or self._concerns(run_id):
                loop.call_soon_threadsafe(self._changed.set)

        self._subscriptions = [self._feed.subscribe(wake, channel) for channel in self._channels]
        self._changed.set()
        self._task = loop.create_task(self._run())

    def wake(self) -> None:
        """Fetch again at once, whatever the feed says: a person waits. Call on the event loop."""
        self._changed.set()
        self._is_asked.set()

    def stop(self) -> None:
        """The page is gone."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            while not self._is_watched():
                await asyncio.sleep(UNWATCHED_LOOK_S)
            # A person's deed does not queue behind the news of others.
            turn = contextlib.nullcontext() if self._is_asked.is_set() else self._feed.turn()
            self._changed.clear()
            self._is_asked.clear()
            took_s = 0.0
            try:
                async with turn:
                    began_s = time.monotonic()
                    found = await asyncio.to_thread(self._fetch)
                    took_s = time.monotonic() - began_s
                self._show(found)
                took_s += await _lag_s()
            except DatabaseAwayError:
                self._show_away()
                self._changed.set()
                await asyncio.sleep(RETRY_AFTER_S)
            except Exception:
                log.exception("a page could not be brought up to date")
                asyncio.get_running_loop().call_later(AGAIN_AFTER_S, self._changed.set)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._is_asked.wait(), timeout=max(self._pause_s, REST_AFTER_WORK * took_s)
                )


async def _lag_s() -> float:
    """How far the event loop is behind: with fifty pages to show, each rests longer."""
    began_s = time.monotonic()
    await asyncio.sleep(0)
    return time.monotonic() - began_s
