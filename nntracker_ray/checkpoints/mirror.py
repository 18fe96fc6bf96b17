"""Keeps remote copies of a run's checkpoints up to date, beside the training."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST, CheckpointInfo
from nntracker_ray.checkpoints.remote_copies import RemoteCopies, steps_of
from nntracker_ray.errors import CheckpointError
from nntracker_ray.training.atomic_file import link_file, name_aside

_log = logging.getLogger(__name__)
DRAIN_S: Final = 30.0
_PAUSES_S: Final = 1.0, 60.0  # after a failure, doubling from the first to the second
_File: TypeAlias = tuple[int, int, int]  # inode, time and size: another one is another content


class Mirror:
    """Copies what has changed in the folder, in a thread of its own: the newest of each name, the rest never.

    A checkpoint goes out only after the database has acknowledged everything it covers: this machine, with the
    spool on its disk, may be lost.

    What is there is never replaced by what is older: this machine may have been without a network while another one
    went on with the run.

    Args:
        drained: Waits so many seconds; whether everything recorded before is acknowledged, and this attempt still
            the newest of the run.
    """

    def __init__(
        self, folder: CheckpointFolder, copies: RemoteCopies, drained: Callable[[float], bool]
    ) -> None:
        self._folder, self._copies, self._drained = folder, copies, drained
        self._there: dict[str, _File] = {}
        self._wake, self._ending = threading.Event(), threading.Event()
        self._end_s = float("inf")
        self.trouble: str | None = None  # why the last turn failed
        self._thread = threading.Thread(target=self._work, name="checkpoint copies", daemon=True)
        self._thread.start()

    def offer(self) -> None:
        """The folder has changed."""
        self._wake.set()

    def close(self, timeout_s: float) -> bool:
        """Make one last turn, for at most so long. Whether everything is there."""
        self._end_s = time.monotonic() + timeout_s
        self._ending.set()
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and self.trouble is None

    def _work(self) -> None:
        pause_s = _PAUSES_S[0]
        ended = False
        while not ended:
            self._wake.wait()
            self._wake.clear()
            ended = self._ending.is_set()
            try:
                self.trouble, pause_s = self._bring(), _PAUSES_S[0]
            except Exception as error:
                _log.warning("checkpoints of run %s are not copied: %s", self._folder.run_id, error)
                self.trouble = f"checkpoints are not copied to where other machines find them: {error}"
                self._ending.wait(pause_s)
                pause_s = min(2 * pause_s, _PAUSES_S[1])
                self._wake.set()

    def _bring(self) -> str | None:
        """One turn. Returns why nothing is to be copied although something has changed."""
        infos = self._folder.infos()
        gone = self._there.keys() - {info.name for info in infos}
        with self._held(infos) as held:
            if not held and not gone:
                return None
            if not self._drained(max(0.0, min(DRAIN_S, self._end_s - time.monotonic()))):
                raise CheckpointError("the database has not acknowledged yet what they cover")
            if (there := self._copies.steps_done(self._folder.run_no)) > (here := steps_of(infos)):
                return f"the copies elsewhere are of step {there}, this machine is at step {max(here, 0)}: they stay"
            for name, (path, file) in held.items():
                self._copies.put(name, path)
                self._there[name] = file
        self._copies.put_list(infos, self._folder.run_no)
        self._copies.drop(gone)
        for name in gone:
            del self._there[name]
        return None

    @contextmanager
    def _held(self, infos: list[CheckpointInfo]) -> Iterator[dict[str, tuple[Path, _File]]]:
        """What has changed, `last` at the end, each under a name of its own: training may replace them meanwhile."""
        held: dict[str, tuple[Path, _File]] = {}
        try:
            for info in sorted(infos, key=lambda info: info.name == LAST):
                path = self._folder.path(info.name)
                with contextlib.suppress(FileNotFoundError):  # no longer kept
                    if self._there.get(info.name) != _identity(path):
                        link_file(path, aside := name_aside(path))
                        held[info.name] = aside, _identity(aside)
            yield held
        finally:
            for aside, _ in held.values():
                aside.unlink(missing_ok=True)


def _identity(path: Path) -> _File:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
