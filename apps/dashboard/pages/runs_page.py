"""The list of runs: `/`, `/?page=2`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import panel as pn

from apps.dashboard.components.elements import Elements
from apps.dashboard.live import LiveFeed, Refresher
from apps.dashboard.page import caller_id, page
from apps.dashboard.pages.runs_view import PAGE_SIZE, RunsPage, away_view, loading_view, runs_view
from apps.dashboard.session import on_this_page
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

PAUSE_S = 0.4  # a hundred runs that train at once should not redraw the list a hundred times a second


def runs_page(database: Database, feed: LiveFeed) -> Any:
    """Build the page for one visitor. It reads the database once it is open, never while it is built."""
    viewer_id, number = caller_id(), _page_number()
    listing = Elements(loading_view())

    def fetch() -> RunsPage:
        with database.connection() as conn:
            total = queries.count_runs(conn, viewer_id=viewer_id)
            rows = queries.list_runs(
                conn, viewer_id=viewer_id, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
            )
        return RunsPage(tuple(rows), total, number, datetime.now(UTC))

    on_this_page(
        lambda show: Refresher(
            feed,
            concerns=lambda _run_id: True,
            fetch=fetch,
            show=show(lambda found: listing.update(runs_view(found))),
            show_away=show(lambda: listing.update(away_view())),
            pause_s=PAUSE_S,
        )
    )
    return page("Runs", [listing])


def _page_number() -> int:
    given = pn.state.session_args.get("page", [b"1"])[0].decode("ascii", "ignore")
    return max(1, int(given)) if given.isdecimal() and len(given) < 7 else 1
