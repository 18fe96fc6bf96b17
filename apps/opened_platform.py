"""The platform that a command means, for its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nntracker_ray.client.places import find_place
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform

if TYPE_CHECKING:
    from nntracker_ray.client.api import Api


OWN_URL = "http://localhost:0"  # of a server on a socket of the command's own


@contextmanager
def open_api(home: Home) -> Iterator[Api]:
    """The platform that `nntracker_ray.client.places` finds; where none serves, the command serves itself.

    Raises: DatabaseAwayError, PlatformError, BadInputError: Neither can be had.
    """
    from nntracker_ray.client.api import Api

    if (found := find_place(home)) is not None:
        api = Api(found)
        try:
            yield api
        finally:
            api.close()
        return
    # Loading a web server takes a second: only where it is needed.
    from apps.own_server import own_api

    with own_api(home) as own:
        yield own


def is_own(api: Api) -> bool:
    """Whether the command serves itself."""
    return api.url == OWN_URL


def is_of(api: Api, home: Home) -> bool:
    """Whether it is the platform of this data folder."""
    info = running_platform(home)
    return is_own(api) or (info is not None and info.web == api.url)


def has_named_database() -> bool:
    """Whether the environment names a database, which others may be at work on."""
    from nntracker_ray.storage.connection import named_dsn

    return named_dsn() is not None


def has_running_database(home: Home) -> bool:
    """Whether a database need not be started first."""
    from nntracker_ray.storage.server import EmbeddedServer

    return has_named_database() or EmbeddedServer(home).is_running()
