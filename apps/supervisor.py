"""Keeps a platform up: starts it as a process of its own, and starts it again when it dies of itself.

The platform process is Ray's driver. When it is killed, or when the Ray under it dies, everything that Ray holds is
gone with it; what counts is in the database and on the disk, so a new process simply goes on.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from apps.backoff import Backoff
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import (
    ProcessNote,
    already_runs,
    note_supervisor,
    running_platform,
    running_supervisor,
)

LOOK_S = 2.0  # between two looks at what the platform has started
LEAVE_TIMEOUT_S = 10.0

Report = Callable[[str], None]


def supervise(home: Home, arguments: Sequence[str]) -> int:
    """Run `nntracker start` with these arguments as a process of its own, and another whenever it dies.

    Returns: The exit code of the last one.
    Raises: PlatformError: Somebody else does that already, perhaps between two platforms just now.
    """
    if running_supervisor(home) is not None:
        raise PlatformError(already_runs(home))
    first = [sys.executable, "-m", "apps.cli", "start", "--unsupervised", *arguments]
    again = [*first, "--no-link", "--no-browser", "--no-example"]
    return Supervisor(home, first, again, report=lambda line: print(line, file=sys.stderr, flush=True)).run()


class Supervisor:
    """One platform process after the other, until one ends by itself or is asked to.

    Args:
        home: Its data folder; the note in it says that a platform has come up.
        first: The command that starts it.
        again: The command for every later start: without link, browser and example.
        report: Told when the platform died and when it is back.
    """

    def __init__(self, home: Home, first: Sequence[str], again: Sequence[str], *, report: Report) -> None:
        self._home, self._first, self._again, self._report = home, list(first), list(again), report
        self._asked_to_end = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._family: dict[int, psutil.Process] = {}  # what the platform has started, by pid

    def run(self) -> int:
        """Returns: the exit code of the last platform process."""
        self._obey_signals()
        noted = self._note()
        try:
            return self._keep_up()
        finally:
            if noted:
                self._home.supervisor_file.unlink(missing_ok=True)

    def _note(self) -> bool:
        """Say in the data folder who we are; not in the place of another, whose platform will refuse ours."""
        if running_supervisor(self._home) is not None:
            return False
        try:
            note_supervisor(self._home.create(), ProcessNote.of_this_process())
        except OSError:  # the platform tells what is wrong with the folder
            return False
        return True

    def _keep_up(self) -> int:
        backoff = Backoff()
        code, came_up = self._once(self._first)
        while self._died(code, came_up or backoff.count > 0):
            if came_up:
                backoff = Backoff()
            self._report(f"the platform died (exit code {code}); starting it again, runs go on")
            if self._asked_to_end.wait(backoff.next_s()):
                return 0
            code, came_up = self._once(self._again)
        return code

    def _died(self, code: int, was_up: bool) -> bool:
        """Whether a process is to be replaced: one that never came up has told its user why."""
        return code != 0 and was_up and not self._asked_to_end.is_set()

    def _once(self, command: Sequence[str]) -> tuple[int, bool]:
        """Run one platform process to its end. Returns its exit code, and whether it had come up."""
        self._child = subprocess.Popen(command)
        came_up = False
        while (code := self._wait(self._child)) is None:
            self._note_family(self._child.pid)
            if not came_up and self._is_up(self._child.pid):
                came_up = True
        if code != 0:
            self._end_family()
        return code, came_up

    def _wait(self, child: subprocess.Popen[bytes]) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(LOOK_S)
        return None

    def _is_up(self, pid: int) -> bool:
        info = running_platform(self._home)
        return info is not None and info.pid == pid

    def _note_family(self, pid: int) -> None:
        with suppress(psutil.NoSuchProcess):
            self._family = {one.pid: one for one in psutil.Process(pid).children(recursive=True)}

    def _end_family(self) -> None:
        """End what a dead platform has left behind: it holds the ports and the cores that the next one needs."""
        left = [one for one in self._family.values() if one.is_running()]
        for one in left:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=LEAVE_TIMEOUT_S)
        self._family = {}

    def _obey_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._pass_on)
        signal.signal(signal.SIGHUP, self._pass_on)
        # Ctrl-C reaches the platform by itself, as both belong to the terminal.
        signal.signal(signal.SIGINT, lambda _number, _frame: self._asked_to_end.set())

    def _pass_on(self, _number: int, _frame: object) -> None:
        self._asked_to_end.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
