"""`nntracker link`: a one-time link that signs the local account in."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from apps.opened_database import open_database
from nntracker_ray.errors import BadInputError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform


def sign_in_link(home: Home, address: str | None) -> str:
    """A new link, to the platform's web app or to the address where others keep one on the same database.

    Raises:
        BadInputError: An address that is none.
        PlatformError: No address came, and no platform with a web app runs.
    """
    from apps.api.sign_in import make_login_link

    where = web_address(home, address)
    with open_database(home) as database:
        return make_login_link(database, where)


def web_address(home: Home, address: str | None) -> str:
    """Where browsers find the web app: the address given, else that of the platform on the data folder.

    Raises:
        BadInputError: An address that is none.
        PlatformError: No address came, and no platform with a web app runs.
    """
    return _address_of_platform(home) if address is None else _checked(address)


def _address_of_platform(home: Home) -> str:
    info = running_platform(home)
    if info is None or info.web is None:
        raise PlatformError(
            "no web app runs on this data folder; `nntracker start` starts it, "
            "and --address says where one runs that others look after"
        )
    return info.web


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        is_address = _is_web_server(parts)
    except ValueError:  # a port or an IPv6 address that is none
        is_address = False
    if not is_address:
        raise BadInputError(
            f"{address!r} is no address of a web app; give it as https://tracker.example or http://127.0.0.1:8000"
        )
    return address


def _is_web_server(parts: SplitResult) -> bool:
    beside = parts.path.strip("/"), parts.query, parts.fragment, parts.username
    known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    return known and not any(beside)
