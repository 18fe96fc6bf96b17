"""A page listens to nobody else's."""

from __future__ import annotations

import gc
import weakref

import panel as pn

from apps.dashboard.quiet_page import QuietPage


def opened_and_closed() -> weakref.ref[QuietPage]:
    return weakref.ref(QuietPage(title="Runs", busy_indicator=None))


def test_a_closed_page_leaves_nothing_behind():
    """A server that runs for months must not keep every page that was ever opened."""
    pages = [opened_and_closed() for _ in range(3)]

    gc.collect()

    assert [page() for page in pages] == [None, None, None]


def test_what_one_does_on_a_page_is_no_work_for_the_others():
    """Fifty open pages, each told twice of every click of anybody, would be seconds of work for one click."""
    page, told = QuietPage(title="Runs", busy_indicator=None), []
    page.param.watch(told.append, [*page.param])

    pn.state._add_busy_event("somebody's click")
    pn.state._remove_busy_event("somebody's click")

    assert told == []
    assert page.busy is False
