"""The processes of a platform: those it has now, and all that it was ever seen to have."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

import psutil

from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_supervisor

LEAVE_TIMEOUT_S = 10.0  # for what is just ending


class Family:
    """Remembers whom it has seen: what a killed parent leaves behind is nobody's child any more.

    Args:
        home: The data folder; the note in it says who starts the platform again when it dies.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: set[psutil.Process] = set()  # equal only with the same pid and the same start

    def look(self) -> list[psutil.Process]:
        """Everything below the supervisor now."""
        if (note := running_supervisor(self._home)) is None:
            return []
        with suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(note.pid)
            below = supervisor.children(recursive=True)
            self._seen |= {supervisor, *below}
            return below
        return []

    def left(self, *, but: Collection[psutil.Process] = ()) -> list[psutil.Process]:
        """Of all that were ever seen those that still run, once they had a moment to end.

        Args:
            but: Those that may stay.
        """
        running = [one for one in self._seen.difference(but) if _runs(one)]
        _, left = psutil.wait_procs(running, timeout=LEAVE_TIMEOUT_S)
        return [one for one in left if _runs(one)]


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
