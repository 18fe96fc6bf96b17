"""Brings checkpoints to the disk beside the training, and only those whose records are safe already."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nntracker_ray.disk_room import is_disk_full
from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import JsonValue
from nntracker_ray.training.atomic_file import remove_leftovers
from nntracker_ray.training.checkpoint import Checkpoint, write_checkpoint, write_weights

_log = logging.getLogger(__name__)
FLUSH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class BestWeights:
    """The weights of the best epoch so far."""

    facts: dict[str, JsonValue]  # {"metric", "value", "epoch"}
    arrays: dict[str, NDArray[Any]]  # by layer and tensor: "dense_4/kernel"


def best_path(checkpoint: Path) -> Path:
    """Where the best model of a run lies: `<run_id>.best.npz`, beside its checkpoint."""
    return checkpoint.with_suffix(".best.npz")


class Saver:
    """Writes one checkpoint at a time, in a thread of its own.

    A checkpoint is put in place only after `flush` has said that every record of the epochs it covers is
    durable. So whatever is killed when: a record is in the spool, or its epoch is trained again.
    """

    def __init__(self, path: Path, flush: Callable[[float], bool]) -> None:
        self._path, self._flush = path, flush
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._current: Future[None] | None = None
        self.took_s = 0.0  # the last one
        self.trouble: str | None = None  # why the last one failed
        self.disk_full = False  # whether one has failed for want of room
        remove_leftovers(path)

    @property
    def idle(self) -> bool:
        """Whether nothing is being written."""
        return self._current is None or self._current.done()

    def begin(self, checkpoint: Checkpoint, best: BestWeights | None) -> None:
        """Write in the background. Call only when idle: a copy that would have to wait is not worth making."""
        self._current = self._thread.submit(self._save, checkpoint, best)

    def save(self, checkpoint: Checkpoint, best: BestWeights | None) -> bool:
        """Write now, after what is being written. Returns whether it is in place; `trouble` says why not."""
        if self._current is not None:
            self._current.result()
        self._save(checkpoint, best)
        return self.trouble is None

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown(wait=True)

    def _save(self, checkpoint: Checkpoint, best: BestWeights | None) -> None:
        began = time.perf_counter()
        try:
            self._write(checkpoint, best)
            self.trouble = None
        except Exception as error:
            _log.exception("no checkpoint of run %s was written; training goes on", checkpoint.run_id)
            self.trouble = str(error)
            self.disk_full = self.disk_full or is_disk_full(error)
        self.took_s = time.perf_counter() - began

    def _write(self, checkpoint: Checkpoint, best: BestWeights | None) -> None:
        if not self._flush(FLUSH_TIMEOUT_S):
            raise CheckpointError(
                "the records of these epochs are not safe on disk, so the run keeps its older checkpoint and "
                "would train them again"
            )
        if best is not None:
            write_weights(best_path(self._path), best.arrays, best.facts)
        write_checkpoint(self._path, checkpoint)
