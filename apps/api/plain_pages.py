"""Pages without Panel: they work before sign-in and while the database is away."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse

ASSETS = Path(__file__).parent / "assets"
RETRY_AFTER_S = 4


def welcome_page() -> HTMLResponse:
    """Takes the secret out of a one-time link, or says how to get such a link."""
    return HTMLResponse(_page("welcome.html"))


def away_page() -> HTMLResponse:
    """The database does not answer; the page asks again by itself."""
    headers = {"retry-after": str(RETRY_AFTER_S), "refresh": str(RETRY_AFTER_S)}
    return HTMLResponse(_page("away.html"), status_code=503, headers=headers)


@cache
def _page(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
