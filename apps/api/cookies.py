"""The session cookie: its name, its flags, and finding it in a request."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import cookie_parser
from starlette.responses import Response

from apps.api.sign_in import SESSION_LIFETIME


def cookie_name(origin: str) -> str:
    """`__Host-` binds the cookie to https and to this host; plain http cannot have it.

    Cookies do not know ports: the port in the name keeps two trackers of one machine apart.
    """
    parts = urlsplit(origin)
    if parts.scheme == "https":
        return "__Host-nntracker"
    return f"nntracker_session_{parts.port or 80}"


def session_secret(cookie_header: str, origin: str) -> str | None:
    """The session's secret out of a Cookie header, None when there is none."""
    # As browsers read it: Python's SimpleCookie drops every cookie where another program's is not to its liking.
    return cookie_parser(cookie_header).get(cookie_name(origin))


def set_session_cookie(response: Response, secret: str, origin: str) -> None:
    """Give the browser its session: out of reach of scripts, not sent along by other sites' requests."""
    response.set_cookie(
        cookie_name(origin),
        secret,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        secure=origin.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def forget_session_cookie(response: Response, origin: str) -> None:
    """Take it away again."""
    secure = origin.startswith("https:")
    response.delete_cookie(cookie_name(origin), path="/", secure=secure, httponly=True, samesite="lax")
