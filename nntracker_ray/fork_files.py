"""The checkpoint that a fork begins with, kept aside before its parent can lose it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from functools import partial
from typing import Final

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import ORIGIN, CheckpointInfo
from nntracker_ray.checkpoints.remote_copies import RemoteCopies, remote_of
from nntracker_ray.errors import CheckpointError, ConflictError, NotFoundError, RemoteError
from nntracker_ray.forked_spec import require_epochs_left
from nntracker_ray.forking import Beginning
from nntracker_ray.home import Home
from nntracker_ray.records import Origin, RunSpec
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.time_limit import TimeLimit

_log = logging.getLogger(__name__)
# The command has locked the parents meanwhile: nobody hears their heartbeats, and after 25 s they count as dead.
REMOTE_LIMIT_S: Final = 15.0


class ForkFiles:
    """Keeps the beginnings of the forks of one command: on this disk, and where other machines find them.

    Args:
        home: The data folder of this machine, which may have the parents' checkpoints.
        limit_s: How long places that other machines reach may take for all of them together.
    """

    def __init__(self, home: Home, limit_s: float = REMOTE_LIMIT_S) -> None:
        self._home, self._limit = home, TimeLimit(limit_s)
        self._kept: list[RunSpec] = []

    def keep(self, spec: RunSpec) -> Beginning | None:
        """Keep the beginning of a fork.

        Returns: where the kept checkpoint is, which may be later or earlier than what the parent had told; None for
            a run that begins anew. None as well when the checkpoint is not on this machine and no place is known
            that other machines reach: the trainer then takes what the parent has.
        Raises: ConflictError: It cannot be kept where the trainer will find it, or leaves no epoch to make.
        """
        if spec.origin is None:
            return None
        self._kept.append(spec)
        try:
            return self._place(spec, spec.origin)
        except TimeoutError:
            self.discard([spec])
            raise ConflictError(
                f"its checkpoint {spec.origin.checkpoint!r} could not be copied within {self._limit.seconds:g} s to "
                "where other machines find it; fork fewer runs at once, or try again later"
            ) from None
        except (RemoteError, CheckpointError, ConflictError, OSError) as error:
            self.discard([spec])
            raise ConflictError(
                f"its checkpoint {spec.origin.checkpoint!r} cannot be kept: {error}"
            ) from error

    def discard(self, specs: Iterable[RunSpec] | None = None) -> None:
        """Remove what was kept for forks that are not to be; for all of them by default."""
        for spec in list(self._kept if specs is None else specs):
            CheckpointFolder(self._home, spec.run_id).remove()
            with contextlib.suppress(RemoteError, TimeoutError):
                self._limit.call(partial(_drop_copy, spec))

    def _place(self, spec: RunSpec, origin: Origin) -> Beginning | None:
        remote = remote_of(spec.checkpoints)
        place = self._kept_here(spec, origin) if remote is None else self._kept_there(spec, origin, remote)
        if place is not None:
            require_epochs_left(spec, place)
        return place

    def _kept_here(self, spec: RunSpec, origin: Origin) -> Beginning | None:
        try:
            self._parent(origin).keep_for_fork(origin.checkpoint, spec.run_id)
            # What was kept, not what was looked at before: a parent at work may have saved in between.
            return _beginning(CheckpointFolder(self._home, spec.run_id).info(ORIGIN))
        except NotFoundError as absent:
            _log.info("run %s takes its beginning from where its parent is: %s", spec.name, absent)
            return None

    def _kept_there(self, spec: RunSpec, origin: Origin, remote: RemoteFolder) -> Beginning:
        """This machine's own checkpoint, or the copy of another one when that is further."""
        own, here = RemoteCopies(remote, spec.run_id), self._steps_here(origin)
        place = self._limit.call(lambda: own.keep_origin(origin, further_than=here))
        if place is not None:
            return Beginning(origin.checkpoint, **place)
        if (kept := self._kept_here(spec, origin)) is None:
            raise CheckpointError(
                "it is neither on this machine nor among the copies that other machines find"
            )
        path = CheckpointFolder(self._home, spec.run_id).path(ORIGIN)
        self._limit.call(lambda: own.put(ORIGIN, path))
        return kept

    def _steps_here(self, origin: Origin) -> int:
        try:
            return self._parent(origin).info(origin.checkpoint).steps_done
        except NotFoundError:
            return -1

    def _parent(self, origin: Origin) -> CheckpointFolder:
        return CheckpointFolder(self._home, origin.run_id, run_no=origin.run_no)


def _drop_copy(spec: RunSpec) -> None:
    if (remote := remote_of(spec.checkpoints)) is not None:
        RemoteCopies(remote, spec.run_id).drop([ORIGIN])


def _beginning(info: CheckpointInfo) -> Beginning:
    return Beginning(info.name, info.epochs_done, info.batches_done, info.steps_done)
