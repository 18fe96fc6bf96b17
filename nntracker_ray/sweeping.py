"""Removing the files of runs that were deleted: checkpoints on this machine, and their copies in remote places."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from uuid import UUID

from nntracker_ray.errors import NNTrackerError
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import Leftovers, leftovers, note_files_removed

_log = logging.getLogger(__name__)


def remove_files_of_deleted(database: Database, home: Home) -> int:
    """Remove the files of deleted runs. What cannot be removed now is tried again at the next call.

    Returns: the number of runs whose files are gone now.
    Raises: DatabaseAwayError.
    """
    with database.connection() as conn:
        left = leftovers(conn)
    removed = [each.run_id for each in left if _remove(home, each)]
    if removed:
        with database.connection() as conn:
            note_files_removed(conn, removed)
    return len(removed)


def _remove(home: Home, left: Leftovers) -> bool:
    """Whether nothing of the run is left."""
    try:
        for path in _files(home, left.run_id):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        _remove_copies(left)
    except (OSError, NNTrackerError) as error:
        _log.warning("the files of the deleted run %r cannot be removed now: %s", left.name, error)
        return False
    return True


def _files(home: Home, run_id: UUID) -> list[Path]:
    """The folder of a run; beside it one file and its best weights, where the first release kept them."""
    folder = home.checkpoints / str(run_id)
    return [path for path in (folder, *home.checkpoints.glob(f"{run_id}.*")) if path.exists()]


def _remove_copies(left: Leftovers) -> None:
    from nntracker_ray.remote import RemoteFolder
    from nntracker_ray.shared import shared_folder

    own = RemoteFolder(left.location) if left.location else None
    for place in (own, shared_folder()):
        if place is not None:
            place.delete_folder(f"checkpoints/{left.run_id}")
