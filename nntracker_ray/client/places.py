"""Where the platform is that a client talks to, and by which token."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from nntracker_ray.errors import BadInputError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform

URL_VARIABLE = "NNTRACKER_URL"
TOKEN_VARIABLE = "NNTRACKER_TOKEN"  # noqa: S105 (the name of the variable)


@dataclass(frozen=True, slots=True)
class Place:
    """A platform's web app, and the token that opens it."""

    url: str  # "http://127.0.0.1:8000"
    token: str


def find_place(home: Home) -> Place | None:
    """Where to ask; None when nothing is known to run.

    In this order: `NNTRACKER_URL` with `NNTRACKER_TOKEN`; the platform that runs on the data folder; the platform that
    `nntracker login` has remembered there.

    Raises: BadInputError: An address that cannot be used. PlatformError: A token is missing.
    """
    if url := os.environ.get(URL_VARIABLE):
        return place(url, os.environ.get(TOKEN_VARIABLE))
    return _own_place(home) or _remembered(home)


def place(url: str, token: str | None) -> Place:
    """The place, checked. Raises: BadInputError, PlatformError."""
    checked = checked_url(url)
    if not token:
        raise PlatformError(
            f"no token for {checked}: make one on its account page, then set {TOKEN_VARIABLE}, or "
            f"let `nntracker login {checked}` keep it"
        )
    return Place(checked, token.strip())


def checked_url(url: str) -> str:
    """The address without a slash at its end. Raises: BadInputError: A token would travel in the clear, or nowhere."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInputError(f"{url!r} is no address of a web app; one is https://tracker.example")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise BadInputError(f"{url!r} would send the token readable to everybody on the way; use https")
    return f"{parts.scheme}://{parts.netloc}"


def remember(home: Home, found: Place) -> Path:
    """Keep the place for later commands, readable by its owner alone. Returns the file."""
    home.create()
    aside = home.login.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": found.url, "token": found.token}, file)
    return aside.replace(home.login)


def forget(home: Home) -> bool:
    """Forget what was remembered. Returns whether there was something."""
    was_there = home.login.exists()
    home.login.unlink(missing_ok=True)
    return was_there


def _own_place(home: Home) -> Place | None:
    info = running_platform(home)
    if info is None or info.web is None:
        return None
    with suppress(OSError):
        return Place(info.web, home.api_token.read_text(encoding="utf-8").strip())
    return None


def _remembered(home: Home) -> Place | None:
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(home.login.read_text(encoding="utf-8"))
        return Place(str(kept["url"]), str(kept["token"]))
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
