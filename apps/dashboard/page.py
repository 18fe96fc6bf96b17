"""What every page has around its content: name, way home, theme, sign out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS
from bokeh.themes import Theme as BokehTheme

from apps.api.sign_in import CALLER_HEADER, PageCaller
from apps.dashboard.components.elements import Elements, h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message
from apps.dashboard.quiet_page import QuietPage
from apps.dashboard.theme import PAGE_SX, PLOTS_KEEP, THEME
from nntracker_ray.accounts.roles import Role

log = logging.getLogger(__name__)

THEME_COOKIE = "nntracker_theme"
# The server closes what an ended session has open; what it showed must not stay on the screen.
LEAVE_IF_SIGNED_OUT = """
fetch("/session").then((answer) => {
  if (answer.status !== 401 || window.isLeaving) return;
  window.isLeaving = true;  // every reconnection that fails comes here too, and would begin the way anew
  location.replace("/welcome?next=" + encodeURIComponent(location.pathname + location.search));
}, () => {});
"""


def page(title: str, main: Sequence[Any]) -> pmui.Page:
    """A page of the dashboard.

    Args:
        title: Of the browser's tab; plain words of ours.
        main: The content, top to bottom.
    """
    pn.state.curdoc.theme = BokehTheme(json=PLOTS_KEEP)
    pn.state.curdoc.js_on_event("connection_lost", CustomJS(code=LEAVE_IF_SIGNED_OUT))
    bar = Elements(_bar(page_caller(), _path_here()))
    framed = QuietPage(
        title="",
        meta_title=f"{title} · NNTracker",
        meta_icon="/assets/icon.svg",
        header=[bar],
        main=list(main),
        main_width=1440,
        app_bar_width="100%",
        sidebar_variant="temporary",  # there is none, and a closed persistent one would shift the content left
        busy_indicator=None,
        dark_theme=pn.state.cookies.get(THEME_COOKIE) == "dark",
        theme_config=THEME,
        sx=PAGE_SX,
    )
    framed.param.watch(lambda event: bar.remember_theme(dark=event.new), "dark_theme")
    return framed


def _path_here() -> str:
    """Of this page; "" for one that is built again for a browser that took too long: its request is forgotten."""
    try:
        return pn.state.location.pathname if pn.state.location else "/"
    except AttributeError:
        return ""


def built(make: Callable[[], pmui.Page]) -> pmui.Page:
    """The page, or one that says that it could not be built: Panel would show nothing at all."""
    try:
        return make()
    except Exception:
        log.exception("a page could not be built")
        sorry = message(
            "This page could not be built", "The server's log says why. Nothing is lost; try again."
        )
        return page("Error", [Elements(sorry)])


def page_caller() -> PageCaller:
    """Who looks at this page; the gate has put it into the request."""
    told = next(value for name, value in pn.state.headers.items() if name.lower() == CALLER_HEADER)
    return PageCaller.of(told)


def caller_id() -> UUID:
    """Whose view this page is: an account's, or a share link's."""
    return page_caller().viewer_id


PLACES = (
    # Path, what it is called, the least role that has it.
    ("/", "Runs", None),
    ("/compare", "Compare", None),
    ("/new", "New experiment", Role.USER),
    ("/people", "People", Role.ADMINISTRATOR),
)


def _bar(caller: PageCaller, here: str) -> Tree:
    home = h("a", _icon(), h("span", "NNTracker"), cls="home", href="/", aria_label="NNTracker")
    places = [
        h(
            "a",
            *_short(name),
            href=path,
            cls="place here" if path == here else "place",
            aria_current=_current(path, here),
        )
        for path, name, least in PLACES
        if least is None or (caller.user_id is not None and caller.role.allows(least))
    ]
    # On a phone there is room for one of the two: who has an account signs out there.
    cls = "leave" if caller.user_id is None else "leave roomy"
    press = h("button", "Sign out", type="submit", cls="quiet")
    leave = h("form", press, method="post", action="/sign-out", cls=cls)
    who = _who(caller, here)
    return h("nav", home, *places, h("span", cls="stretch"), who, leave, cls="bar", aria_label="Main")


def _short(name: str) -> tuple[Tree, ...]:
    """A phone's bar has room for the first word."""
    first, space, rest = name.partition(" ")
    return (first, h("span", space, rest, cls="roomy")) if rest else (first,)


def _who(caller: PageCaller, here: str) -> Tree:
    if caller.user_id is None:
        return h("span", caller.name)
    cls = "place who here" if here == "/account" else "place who"
    return h("a", caller.name, href="/account", cls=cls, aria_current=_current("/account", here))


def _current(path: str, here: str) -> str | None:
    return "page" if path == here else None


def _icon() -> Tree:
    line = {"fill": "none", "stroke": "#fff", "stroke-width": 2.6, "stroke-linecap": "round"}
    curve = ["path", {"d": "M6 8c2 12 7 15 20 16", **line}, []]
    dashes = [
        "path",
        {"d": "M6 8c4 7 9 9 20 9.5", "stroke-dasharray": "3.2 4.4", "stroke-opacity": 0.6, **line},
        [],
    ]
    tile = ["rect", {"width": 32, "height": 32, "rx": 7, "fill": "#1f6feb"}, []]
    return h("svg", tile, curve, dashes, viewBox="0 0 32 32", width=22, height=22, aria_hidden="true")
