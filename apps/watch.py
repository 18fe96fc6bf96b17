"""Looks after what a running platform cannot do without: its database is started again, a dead Ray is noticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psutil

from nntracker_ray.errors import PlatformError
from nntracker_ray.storage.server import EmbeddedServer

LOOK_S = 1.0
VITAL = ("gcs_server", "raylet")  # without one of these Ray is gone; everything else it restarts by itself

_log = logging.getLogger(__name__)


def vital_processes() -> list[psutil.Process]:
    """The processes that hold up the Ray which this process has started; none if it joined another's."""
    return [one for one in psutil.Process().children() if one.name() in VITAL]


class Watch:
    """Looks once a second, in a thread of its own, until it is closed.

    Args:
        server: The embedded database; None when somebody else's is used.
        vital: Processes that end the platform when they end.
        gone: Called once when one of them is gone, with its name.
    """

    def __init__(
        self, *, server: EmbeddedServer | None, vital: list[psutil.Process], gone: Callable[[str], None]
    ) -> None:
        self._server, self._vital, self._gone = server, {one: one.name() for one in vital}, gone
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; what ends from now on is meant to."""
        self._closed.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._closed.wait(LOOK_S):
            if (dead := self._dead()) is not None:
                self._gone(dead)
                return
            self._keep_database_up()

    def _dead(self) -> str | None:
        return next((name for one, name in self._vital.items() if not _lives(one)), None)

    def _keep_database_up(self) -> None:
        if self._server is None or self._server.lives():
            return
        _log.warning("the database is gone; starting it again")
        try:
            self._server.start()
        except PlatformError:
            _log.exception("the database did not start; again in %g s", LOOK_S)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
