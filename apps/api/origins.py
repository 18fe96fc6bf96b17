"""Is this request from our own page? Decided from Host, Origin and Fetch-Metadata headers alone.

Sources: W3C Fetch Metadata Request Headers; OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD"})


def own_origin(host: str, public_origins: frozenset[str]) -> str | None:
    """The origin under which we were reached, or None when nobody should reach us under that name.

    Args:
        host: The Host header: "127.0.0.1:8000".
        public_origins: What the administrator listed: {"https://tracker.example"}. Loopback needs no listing.

    An unknown name is refused because a foreign site can have its own name point at this machine (DNS rebinding).
    """
    for origin in public_origins:
        if urlsplit(origin).netloc == host.lower():
            return origin
    return f"http://{host.lower()}" if _is_loopback(host) else None


def may_change_state(headers: Mapping[str, str], origin: str) -> bool:
    """Whether a request that changes something comes from one of our own pages."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    return headers.get("origin") == origin


def may_open_socket(headers: Mapping[str, str], origin: str) -> bool:
    """Whether a websocket comes from one of our own pages: browsers always send Origin, and it must be exact."""
    return headers.get("origin") == origin


def _is_loopback(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        # The port too must be one: it becomes part of headers and of the cookie's name.
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
