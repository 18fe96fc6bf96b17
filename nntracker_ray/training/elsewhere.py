"""The copies of a run's checkpoints that other machines find, as one attempt sees them: fetched, then kept up."""

from __future__ import annotations

import logging
import threading
from typing import Final

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST, ORIGIN
from nntracker_ray.checkpoints.mirror import Mirror
from nntracker_ray.checkpoints.remote_copies import RemoteCopies, remote_of
from nntracker_ray.errors import RemoteError
from nntracker_ray.records import RunSpec
from nntracker_ray.remote_patience import patience
from nntracker_ray.training.recorder import GuardedSink

_log = logging.getLogger(__name__)
CLOSE_S: Final = 20.0


class Elsewhere:
    """Brings what other machines have left of the run, then copies each new checkpoint there.

    Where no place for copies is set it does nothing. A place that does not answer is waited for, for two minutes at
    most and at the beginning only; then the run goes on from what is here, and `trouble` says so.

    Args:
        sink: Takes the records that the checkpoints cover.
        unwanted: Ends the wait when set.
    Raises: OSError: What others have left cannot be written here, as when the disk is full.
    """

    def __init__(
        self, spec: RunSpec, folder: CheckpointFolder, sink: GuardedSink, *, unwanted: threading.Event
    ) -> None:
        remote = remote_of(spec.checkpoints)
        self._copies = None if remote is None else RemoteCopies(remote, spec.run_id)
        self._folder, self._sink = folder, sink
        self._mirror: Mirror | None = None
        self._trouble: str | None = None
        if self._copies is not None:
            self._trouble = _fetched(spec, folder, self._copies, unwanted)

    @property
    def trouble(self) -> str | None:
        """What is wrong with the copies, though training goes on."""
        return self._trouble or (self._mirror.trouble if self._mirror else None)

    def offer(self) -> None:
        """The folder has changed. The first time a thread begins to copy."""
        if self._copies is None:
            return
        if self._mirror is None:
            self._mirror = Mirror(self._folder, self._copies, self._is_safe)
        self._mirror.offer()

    def close(self) -> None:
        """Wait a little for the last copy; it is made when the run goes on here, if not now.

        Where a newer attempt has the run, what it copies counts and nothing more is copied here.
        """
        if self._mirror is not None and not self._mirror.close(CLOSE_S) and not self._sink.stale:
            _log.warning("the last checkpoint is not where other machines find it: %s", self.trouble)

    def _is_safe(self, timeout_s: float) -> bool:
        """Whether the database has everything so far, and no newer attempt has the run."""
        return self._sink.drain(timeout_s) and not self._sink.stale


def _fetched(
    spec: RunSpec, folder: CheckpointFolder, copies: RemoteCopies, unwanted: threading.Event
) -> str | None:
    """Fetch what is missing here. Returns what was wrong with that."""
    try:
        patience(unwanted)(_fetch, spec, folder, copies)
    except RemoteError as error:
        _log.warning("run %s begins with the checkpoints that are here: %s", spec.name, error)
        return f"checkpoints of other machines could not be fetched: {error}"
    return None


def _fetch(spec: RunSpec, folder: CheckpointFolder, copies: RemoteCopies) -> None:
    for name in copies.fetch_into(folder):
        _log.info("run %s: fetched checkpoint %s", spec.name, name)
    if spec.origin is None or folder.has(LAST) or folder.has(ORIGIN):
        return
    if not folder.beside(spec.origin.run_id, spec.origin.run_no).has(spec.origin.checkpoint):
        copies.fetch_origin(spec.origin, folder)
