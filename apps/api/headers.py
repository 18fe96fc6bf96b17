"""Security headers: nothing from other hosts, no framing, no guessing of types."""

from __future__ import annotations

_COMMON = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_NOWHERE = (
    "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
)

# Our own plain pages: no inline script or style at all.
PLAIN_POLICY = f"{_NOWHERE}; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"

# Bokeh starts by a script inside the page and compiles callbacks from text; Panel's components are modules in blobs.
PANEL_POLICY = (
    f"{_NOWHERE}; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' blob: {socket}"
)


def security_headers(path: str, origin: str, *, panel_page: bool) -> list[tuple[bytes, bytes]]:
    """The headers of one response.

    Args:
        path: Of the request; only library files under /static may be kept by the browser.
        origin: Our own: "http://127.0.0.1:8000".
        panel_page: Whether the response is a page of the dashboard.
    """
    policy = PANEL_POLICY.format(socket=origin.replace("http", "ws", 1)) if panel_page else PLAIN_POLICY
    headers = {**_COMMON, "content-security-policy": policy, "cache-control": cache_control(path)}
    if origin.startswith("https:"):
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def cache_control(path: str) -> str:
    """Library files are asked for with a version in the query; all else is private and never kept."""
    return "public, max-age=86400" if path.startswith("/static/") else "no-store"
