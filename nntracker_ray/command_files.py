"""What commands do on the disk, in the transaction that carries them out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from uuid import UUID

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST, ORIGIN, CheckpointInfo
from nntracker_ray.checkpoints.last_capture import last_capture
from nntracker_ray.commands import CommandRow, Outcome, Verb
from nntracker_ray.errors import CheckpointError, NotFoundError
from nntracker_ray.forking import Beginning
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, RunSpec
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.fork_writes import place_fork
from nntracker_ray.storage.measurement_writes import write_batches
from nntracker_ray.storage.run_queries import newest_leases

_log = logging.getLogger(__name__)


def follow_up(conn: Connection, home: Home, row: CommandRow) -> None:
    """Do on the disk of this machine what a command that was carried out just now needs there."""
    done = [target for target in row.targets if target.outcome is Outcome.DONE]
    match row.verb:
        case Verb.STOP:
            write_last_captures(conn, home, [target.run_id for target in done])
        case Verb.FORK | Verb.RERUN:
            new = [target.new_run_id for target in done if target.new_run_id]
            keep_beginnings(conn, home, new)


def write_last_captures(conn: Connection, home: Home, run_ids: Iterable[UUID]) -> None:
    """Record the last capture of runs that were stopped while nobody trained them, from their checkpoints."""
    begun = [run_id for run_id in run_ids if CheckpointFolder(home, run_id).has()]
    for lease in newest_leases(conn, begun):
        folder = CheckpointFolder(home, lease.run_id, run_no=lease.run_no)
        try:
            capture = last_capture(folder.path(LAST), lease.spec) if folder.has() else None
        except CheckpointError as error:
            _log.warning("run %s is stopped without a last capture: %s", lease.spec.name, error)
            continue
        if capture is not None:
            write_batches(conn, [Batch(lease.run_no, lease.attempt, (capture,))])


def keep_beginnings(conn: Connection, home: Home, run_ids: Iterable[UUID]) -> None:
    """Keep the checkpoints aside that new runs begin from, before their parents can lose them."""
    for lease in newest_leases(conn, list(run_ids)):
        if kept := _kept(home, lease.spec):
            place = Beginning(kept.name, kept.epochs_done, kept.batches_done, kept.steps_done)
            place_fork(conn, run_id=lease.run_id, beginning=place)


def _kept(home: Home, spec: RunSpec) -> CheckpointInfo | None:
    """The checkpoint that is kept; None when there is nothing to keep, or it lies on another machine."""
    if spec.origin is None:
        return None
    parent = CheckpointFolder(home, spec.origin.run_id, run_no=spec.origin.run_no)
    try:
        parent.keep_for_fork(spec.origin.checkpoint, spec.run_id)
        # What was kept, not what was looked at before: a parent at work may have saved in between.
        return CheckpointFolder(home, spec.run_id).info(ORIGIN)
    except NotFoundError as absent:
        _log.info("run %s takes its beginning from where its parent is: %s", spec.name, absent)
        return None
