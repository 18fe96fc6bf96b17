"""Tying a refresher to the life of one open page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import panel as pn
from panel.io.state import set_curdoc

from apps.dashboard.live import Refresher

OnPage: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]


def on_this_page(make: Callable[[OnPage], Refresher[Any]]) -> Refresher[Any]:
    """Start a refresher when the page being built is open, stop it when the page is gone.

    Args:
        make: Gets a function that turns "change the page" into "change the page when its document may be changed".

    Not earlier: a stream event before the websocket is open makes HoloViews' and Bokeh's plots spin.
    """
    document = pn.state.curdoc

    def when_allowed(change: Callable[..., None]) -> Callable[..., None]:
        def with_document(*arguments: Any) -> None:
            with set_curdoc(document):
                change(*arguments)

        def schedule(*arguments: Any) -> None:
            document.add_next_tick_callback(partial(with_document, *arguments))

        return schedule

    refresher = make(when_allowed)
    pn.state.onload(refresher.start)
    pn.state.on_session_destroyed(lambda _context: refresher.stop())
    return refresher
