"""Whether a run that stopped for want of disk room can go on, and when it is tried again."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from nntracker_ray.causes import causes
from nntracker_ray.home import Home

DISK: Final = "disk"  # the hold of a run that waits for room
ROOM_WITHOUT_CHECKPOINT: Final = 64 * 2**20  # bytes
ROOM_FOR_RECORDS: Final = 4 * 2**20  # bytes, beside the checkpoints: what the spool needs to begin
SHORTEST_WAIT_S: Final = 5.0  # before a held run is tried again
LONGEST_WAIT_S: Final = 600.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk, or a used-up quota, is what an error came from."""
    return any(isinstance(cause, OSError) and cause.errno in _FULL for cause in causes(error))


def room_needed(home: Home, run_id: UUID) -> int:
    """Bytes that must be free before a held run is queued again.

    Twice its last checkpoint, because the old one stays while the new one is written, and 4 MiB for what it
    reports; 64 MiB when it has none yet.
    """
    written = [path.stat().st_size for path in _checkpoints(home, run_id)]
    return 2 * max(written) + ROOM_FOR_RECORDS if written else ROOM_WITHOUT_CHECKPOINT


def wait_s(pauses: int) -> float:
    """Seconds from the latest of so many pauses in vain to the next try: 5, 10, 20, ... up to 600.

    Free bytes do not say everything: a quota or the inodes may be used up, or the next checkpoint be a larger one.
    """
    return min(LONGEST_WAIT_S, SHORTEST_WAIT_S * 2.0 ** min(max(pauses - 1, 0), 30))


def room_free(home: Home) -> int:
    """Bytes free where checkpoints and spools lie; the less of the two."""
    return min(shutil.disk_usage(_existing(folder)).free for folder in (home.checkpoints, home.spool))


def _checkpoints(home: Home, run_id: UUID) -> Iterator[Path]:
    places = (home.checkpoints / str(run_id) / "last.ckpt", home.checkpoints / f"{run_id}.ckpt")
    return (path for path in places if path.is_file())


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
