"""What belongs to the life of one open page: its refresher, and work that must not hold up the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import panel as pn
from panel.io.document import hold
from panel.io.state import set_curdoc

from apps.dashboard.live import Refresher
from apps.heavy_work import Lane, heavily

log = logging.getLogger(__name__)

OnPage: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]
T = TypeVar("T")
_tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


def on_this_page(make: Callable[[OnPage], Refresher[Any]]) -> Refresher[Any]:
    """Start a refresher when the page being built is open, stop it when the page is gone.

    Args:
        make: Gets a function that turns "change the page" into "change the page when its document may be changed".

    Not earlier: a stream event before the websocket is open makes HoloViews' and Bokeh's plots spin.
    """
    document = pn.state.curdoc

    def when_allowed(change: Callable[..., None]) -> Callable[..., None]:
        def with_document(*arguments: Any) -> None:
            # Held together: one message to the browser, and not one for each thing that changes.
            with set_curdoc(document), hold(document):
                change(*arguments)

        def schedule(*arguments: Any) -> None:
            document.add_next_tick_callback(partial(with_document, *arguments))

        return schedule

    refresher = make(when_allowed)
    # A closed page is kept for a while, in case its browser comes back; until then nobody would see what it fetches.
    refresher.only_while(lambda: _has_browser(document))
    pn.state.onload(refresher.start)
    pn.state.on_session_destroyed(lambda _context: refresher.stop())
    return refresher


def _has_browser(document: Any) -> bool:
    session = getattr(document.session_context, "session", None)
    return session is None or session.connection_count > 0


def in_background(work: Callable[[], T], then: Callable[[T], None], *, lane: Lane | None = None) -> None:
    """Do something slow in a thread, and change the page with its result. Call on the event loop.

    Args:
        work: Must not touch the page. What it raises is logged, and nothing is shown.
        then: Called where the page's document may be changed.
        lane: Of work that takes more than a moment; it then waits its turn without keeping others from theirs.
    """
    document = pn.state.curdoc

    def show(result: T) -> None:
        with set_curdoc(document):
            then(result)

    async def do() -> None:
        try:
            result = await (heavily(lane, work) if lane else asyncio.to_thread(work))
        except Exception:
            log.exception("something that a page wanted could not be done")
            return
        document.add_next_tick_callback(partial(show, result))

    task = asyncio.get_running_loop().create_task(do())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
