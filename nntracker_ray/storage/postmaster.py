"""Is the server of a cluster alive? Answered from the process table, because pid files survive their processes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

from nntracker_ray.errors import PlatformError

BACKENDS_GONE_TIMEOUT_S = 30.0


def postmaster_lives(cluster: Path) -> bool:
    """Whether the process named in `postmaster.pid` is a living server of this very cluster.

    A number alone proves nothing: in a container that started again it often belongs to somebody else, and
    where nobody reaps the dead, to a zombie.
    """
    pid = _pid_in_file(cluster)
    return pid is not None and _works_in(pid, cluster)


def clear_stale_files(cluster: Path, socket_folder: Path) -> None:
    """Remove what a killed server left behind and what would keep the next from starting.

    Raises: PlatformError: Some of its processes are still at work after 30 s.
    """
    deadline_s = time.monotonic() + BACKENDS_GONE_TIMEOUT_S
    while alive := _processes_of(cluster):
        if time.monotonic() > deadline_s:
            raise PlatformError(
                f"processes of the killed database still run: {alive}; end them, then start again"
            )
        time.sleep(0.05)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for leftover in socket_folder.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _pid_in_file(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _processes_of(cluster: Path) -> list[int]:
    return [pid for pid in psutil.pids() if _works_in(pid, cluster)]


def _works_in(pid: int, cluster: Path) -> bool:
    # Every process of a server has the cluster as its working folder.
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(cluster)
    return False
