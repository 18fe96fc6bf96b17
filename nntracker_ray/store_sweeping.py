"""Removing data and models that nobody needs: no upload has them under its name, and no run is made of them.

What was fetched or sent for an experiment that was never submitted, or that was deleted since. Copies in
`NNTRACKER_SHARED` stay: other platforms may use the same folder.
"""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path
from typing import Final

from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.errors import BadInputError
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.dataset_rows import digests_in_use

DAYS_VARIABLE: Final = "NNTRACKER_KEEP_UNUSED_DAYS"
DAYS: Final = 30.0
LEAST_DAYS: Final = 1.0  # whoever submits has touched the files a moment before the runs are there
DAY_S: Final = 24 * 3600.0
_DIGEST = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


def days_kept() -> float:
    """How long unused files stay, as `NNTRACKER_KEEP_UNUSED_DAYS` says. Raises: BadInputError: It says nonsense."""
    said = os.environ.get(DAYS_VARIABLE, "") or str(DAYS)
    try:
        days = float(said)
    except ValueError:
        days = 0.0
    if not days >= LEAST_DAYS:
        raise BadInputError(
            f"{DAYS_VARIABLE} is {said!r}; allowed: {LEAST_DAYS:g} and more, or inf to keep all"
        )
    return days


def sweep_stores(database: Database, home: Home, *, days: float, now_s: float | None = None) -> list[str]:
    """Remove what nothing names and nobody has used for so many days. Returns the digests.

    Args:
        now_s: Seconds since 1970; None: now.
    Raises: DatabaseAwayError.
    """
    before_s = (time.time() if now_s is None else now_s) - days * DAY_S
    old = {path.stem: path for path in _stored(home) if _is_older(path, before_s)}
    if not old:
        return []
    with database.connection() as conn:
        used = digests_in_use(conn, digests=list(old))
    gone = [digest for digest in old.keys() - used if _remove(home, old[digest], before_s)]
    if gone:
        _log.info("%d data or models that nothing uses were removed", len(gone))
    return gone


def _stored(home: Home) -> list[Path]:
    """Folders of datasets and files of models; stems are digests."""
    found = [*home.datasets.glob("*"), *home.models.glob("*.json")]
    return [path for path in found if _DIGEST.fullmatch(path.stem)]


def _is_older(path: Path, before_s: float) -> bool:
    try:
        return path.stat().st_mtime < before_s
    except FileNotFoundError:
        return False


def _remove(home: Home, path: Path, before_s: float) -> bool:
    try:
        if path.parent == home.datasets:
            return DatasetStore(home).forget(path.name, unless=lambda: not _is_older(path, before_s))
        if not _is_older(path, before_s):
            return False
        path.unlink()
    except OSError as error:
        _log.warning("%s cannot be removed now: %s", path, error)
        return False
    return True
