"""Pages without Panel: they work before sign-in and while the database is away."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse

ASSETS = Path(__file__).parent / "assets"
RETRY_AFTER_S = 4


def welcome_page() -> HTMLResponse:
    """Says what this is, and signs people in: by name and password, or by a one-time link."""
    return HTMLResponse(_page("welcome.html"))


def register_page() -> HTMLResponse:
    """Where one makes an account, by oneself or by invitation."""
    return HTMLResponse(_page("register.html"))


def shared_page() -> HTMLResponse:
    """Opens what a share link shares."""
    return HTMLResponse(_page("shared.html"))


def away_page() -> HTMLResponse:
    """The database does not answer; the page asks again by itself."""
    headers = {"retry-after": str(RETRY_AFTER_S), "refresh": str(RETRY_AFTER_S)}
    return HTMLResponse(_page("away.html"), status_code=503, headers=headers)


def refused_page(why: str) -> HTMLResponse:
    """The caller may not see this page.

    Args:
        why: Plain words.
    """
    return HTMLResponse(_page("refused.html").replace("{why}", html.escape(why)), status_code=403)


@cache
def _page(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
