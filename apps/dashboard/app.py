"""Adding the pages to the web application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from apps.dashboard.messages_fix import repair_messages
from apps.dashboard.serving import Platform
from apps.dashboard.sockets_fix import close_sessions_with_their_sockets

UNOPENED_MS = 120_000


def add_pages(app: FastAPI, *, platform: Platform, secret: bytes) -> None:
    """Serve the pages from `app`.

    Args:
        secret: Signs the page tokens, so that a websocket can only be opened by a page that we served.
    """
    import panel as pn
    import panel_material_ui  # noqa: F401  (what is imported after add_applications gets no static route)
    from panel.io.fastapi import add_applications

    from apps.api.sign_in import CALLER_HEADER
    from apps.dashboard.page import THEME_COOKIE, built
    from apps.dashboard.pages.account_page import account_page
    from apps.dashboard.pages.compare_page import compare_page
    from apps.dashboard.pages.new_page import new_page
    from apps.dashboard.pages.people_page import people_page
    from apps.dashboard.pages.run_page import run_page
    from apps.dashboard.pages.runs_page import runs_page

    close_sessions_with_their_sockets()
    repair_messages()
    pn.extension(notifications=False, reconnect=True, disconnect_notification="", ready_notification="")
    # Functions and not partials: Panel serves nothing for a partial, without a word.
    pages = {
        "/": lambda: built(lambda: runs_page(platform)),
        "/run": lambda: built(lambda: run_page(platform)),
        "/new": lambda: built(lambda: new_page(platform)),
        "/compare": lambda: built(lambda: compare_page(platform)),
        "/account": lambda: built(lambda: account_page(platform)),
        "/people": lambda: built(lambda: people_page(platform)),
    }
    add_applications(
        pages,
        app=app,
        title={
            "/": "Runs · NNTracker",
            "/run": "Run · NNTracker",
            "/new": "New experiment · NNTracker",
            "/compare": "Compare · NNTracker",
            "/account": "Your account · NNTracker",
            "/people": "People · NNTracker",
        },
        sign_sessions=True,
        secret_key=secret,
        include_headers=[CALLER_HEADER.title()],  # as Tornado spells headers
        include_cookies=[THEME_COOKIE],
        # A slow telephone loads our scripts for longer than the usual 15 s before it opens the page's websocket.
        unused_session_lifetime_milliseconds=UNOPENED_MS,
    )
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path in pages:
            route.include_in_schema = False
