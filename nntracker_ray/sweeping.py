"""Removing the files of runs that were deleted: checkpoints on this machine's disk."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from uuid import UUID

from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import note_files_removed, runs_with_files

_log = logging.getLogger(__name__)


def remove_files_of_deleted(database: Database, home: Home) -> int:
    """Remove the files of deleted runs. What cannot be removed now is tried again at the next call.

    Returns: the number of runs whose files are gone now.
    Raises: DatabaseAwayError.
    """
    with database.connection() as conn:
        run_ids = runs_with_files(conn)
    removed = [run_id for run_id in run_ids if _remove_files(home, run_id)]
    if removed:
        with database.connection() as conn:
            note_files_removed(conn, removed)
    return len(removed)


def _remove_files(home: Home, run_id: UUID) -> bool:
    """Whether nothing of the run is left."""
    try:
        for path in _files(home, run_id):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("the files of the deleted run %s cannot be removed: %s", run_id, error)
        return False
    return True


def _files(home: Home, run_id: UUID) -> list[Path]:
    """The folder of a run; one file and its best weights, as the first version kept them."""
    return [path for path in home.checkpoints.glob(f"{run_id}*") if path.name.split(".")[0] == str(run_id)]
