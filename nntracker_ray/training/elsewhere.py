"""The copies of a run's checkpoints that other machines find, as one attempt sees them: fetched, then kept up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST, ORIGIN
from nntracker_ray.checkpoints.mirror import Mirror
from nntracker_ray.checkpoints.remote_copies import RemoteCopies, remote_of
from nntracker_ray.errors import RemoteError
from nntracker_ray.records import RunSpec

_log = logging.getLogger(__name__)
CLOSE_S: Final = 20.0


class Elsewhere:
    """Brings what other machines have left of the run, then copies each new checkpoint there.

    Where no place for copies is set it does nothing. A place that does not answer delays nothing: the run goes on
    from what is here, and `trouble` says so.
    """

    def __init__(self, spec: RunSpec, folder: CheckpointFolder, drained: Callable[[float], bool]) -> None:
        remote = remote_of(spec.checkpoints)
        self._copies = None if remote is None else RemoteCopies(remote, spec.run_id)
        self._folder, self._drained = folder, drained
        self._mirror: Mirror | None = None
        self._trouble: str | None = None
        if self._copies is not None:
            self._trouble = _fetched(spec, folder, self._copies)

    @property
    def trouble(self) -> str | None:
        """What is wrong with the copies, though training goes on."""
        return self._trouble or (self._mirror.trouble if self._mirror else None)

    def offer(self) -> None:
        """The folder has changed. The first time a thread begins to copy."""
        if self._copies is None:
            return
        if self._mirror is None:
            self._mirror = Mirror(self._folder, self._copies, self._drained)
        self._mirror.offer()

    def close(self) -> None:
        """Wait a little for the last copy; it is made when the run goes on here, if not now."""
        if self._mirror is not None and not self._mirror.close(CLOSE_S):
            _log.warning("the last checkpoint is not where other machines find it: %s", self.trouble)


def _fetched(spec: RunSpec, folder: CheckpointFolder, copies: RemoteCopies) -> str | None:
    """Fetch what is missing here. Returns what was wrong with that."""
    try:
        _fetch(spec, folder, copies)
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
