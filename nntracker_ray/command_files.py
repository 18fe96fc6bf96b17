"""What commands do on disks, in the transaction that carries them out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from uuid import UUID

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST
from nntracker_ray.checkpoints.last_capture import last_capture
from nntracker_ray.commands import CommandRow, Outcome, Verb
from nntracker_ray.errors import CheckpointError
from nntracker_ray.fork_files import ForkFiles
from nntracker_ray.home import Home
from nntracker_ray.records import Batch
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.fork_writes import place_fork
from nntracker_ray.storage.measurement_writes import write_batches
from nntracker_ray.storage.run_queries import newest_leases

_log = logging.getLogger(__name__)


def follow_up(conn: Connection, home: Home, row: CommandRow) -> None:
    """Do on the disk of this machine what a command that was carried out just now needs there."""
    done = [target for target in row.targets if target.outcome is Outcome.DONE]
    if row.verb is Verb.STOP:
        write_last_captures(conn, home, [target.run_id for target in done])


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


def keep_beginning(conn: Connection, files: ForkFiles, run_id: UUID) -> None:
    """Keep the checkpoint aside that a new run begins with, and let its row say where that is.

    Raises: ConflictError: It cannot be kept, or leaves no epoch to make.
    """
    for lease in newest_leases(conn, [run_id]):
        if place := files.keep(lease.spec):
            place_fork(conn, run_id=run_id, beginning=place)
