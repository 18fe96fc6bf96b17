"""Brings checkpoints to the disk beside the training, and only those whose records are safe already."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import BEST, LAST, CheckpointInfo
from nntracker_ray.errors import CheckpointError, DiskFullError
from nntracker_ray.training.atomic_file import remove_leftovers
from nntracker_ray.training.checkpoint import Checkpoint, write_checkpoint

_log = logging.getLogger(__name__)
FLUSH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
    """What one turn of the saver brings to the disk."""

    last: Checkpoint
    names: tuple[str, ...] = ()  # that this moment is kept under as well: "best", "epoch-0004"
    best: Checkpoint | None = None  # when the best moment is an earlier one, not yet on the disk

    @property
    def best_moment(self) -> Checkpoint | None:
        """What is to lie under "best" afterwards; None: what lies there."""
        return self.last if BEST in self.names else self.best


class Saver:
    """Writes one checkpoint at a time, in a thread of its own.

    A checkpoint is put in place only after `flush` has said that every record of the epochs it covers is
    durable. So whatever is killed when: a record is in the spool, or its epoch is trained again. A best moment
    that could not be written is held and comes with the next checkpoint, which else would speak of what is not there.

    Args:
        stored: Called in that thread after each change of the folder.
    """

    def __init__(
        self,
        folder: CheckpointFolder,
        flush: Callable[[float], bool],
        stored: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder, self._flush, self._stored = folder, flush, stored
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._current: Future[None] | None = None
        self._best: Checkpoint | None = None  # the best moment as long as it is not on the disk
        self.took_s = 0.0  # the last one
        self.trouble: str | None = None  # why the last one failed
        self.disk_full = False  # that was the reason
        remove_leftovers(folder.folder)
        self.infos: list[CheckpointInfo] = folder.infos()  # what lies on the disk

    @property
    def idle(self) -> bool:
        """Whether nothing is being written."""
        return self._current is None or self._current.done()

    def begin(self, keeping: Keeping) -> None:
        """Write in the background, after what is being written. A copy that has to wait holds its memory."""
        self._current = self._thread.submit(self._save, keeping)

    def wait(self) -> None:
        """Wait for what is being written."""
        if self._current is not None:
            self._current.result()

    def save(self, keeping: Keeping) -> bool:
        """Write now, after what is being written. Returns whether it is in place; `trouble` says why not."""
        self.begin(keeping)
        self.wait()
        return self.trouble is None

    def close(self) -> None:
        """Wait for what is being written and end the thread."""
        self._thread.shutdown()

    def _save(self, keeping: Keeping) -> None:
        began = time.perf_counter()
        try:
            self._write(keeping)
            self.trouble, self.disk_full = None, False
        except Exception as error:
            _log.exception("no checkpoint of run %s was written; training goes on", keeping.last.run_id)
            self.trouble, self.disk_full = str(error), isinstance(error, DiskFullError)
        self.took_s = time.perf_counter() - began

    def _write(self, keeping: Keeping) -> None:
        self._best = keeping.best_moment or self._best
        if not self._flush(FLUSH_TIMEOUT_S):
            raise CheckpointError(
                "the records of these epochs are not safe on disk, so the run keeps its older checkpoint and "
                "would train them again"
            )
        folder = self._folder
        if self._best is not None and self._best is not keeping.last:
            write_checkpoint(folder.path(BEST), self._best)
        also = [folder.path(name) for name in keeping.names]
        write_checkpoint(folder.path(LAST), keeping.last, also=also)
        self._best = None
        folder.prune()
        self.infos = folder.infos()
        self._stored()
