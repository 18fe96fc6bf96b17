"""The note that a running platform leaves in the data folder: who runs it and where it answers."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home

START_TIMEOUT_S = 180.0  # what has not come up by then will not
LOOK_S = 0.1  # between two looks for a platform that comes


@dataclass(frozen=True, slots=True)
class ProcessNote:
    """A process, told apart from a later one of the same number."""

    pid: int
    born_at: float  # its creation time, seconds since the epoch: a pid alone may have been reused

    @classmethod
    def of_this_process(cls) -> ProcessNote:
        """The calling process."""
        return cls(os.getpid(), psutil.Process().create_time())

    @property
    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.born_at and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True, slots=True)
class PlatformInfo:
    """A running platform, as others find it."""

    pid: int  # the process that holds it all together
    born_at: float  # its creation time, seconds since the epoch: a pid alone may have been reused
    ray_address: str | None  # "127.0.0.1:45123"
    dashboard: (
        str | None
    )  # Ray's own dashboard, also where `ray job submit` sends jobs: "http://127.0.0.1:8265"
    web: str | None  # "http://127.0.0.1:8000"
    # The file with the token of its Ray; None: RAY_AUTH_TOKEN has it, or nobody asks.
    ray_token: str | None = None

    @classmethod
    def of_this_process(
        cls, *, ray_address: str | None, dashboard: str | None, web: str | None, ray_token: str | None = None
    ) -> PlatformInfo:
        """The note of a platform run by the calling process."""
        return cls(os.getpid(), psutil.Process().create_time(), ray_address, dashboard, web, ray_token)

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote the note still runs."""
        return ProcessNote(self.pid, self.born_at).is_alive


def write_platform_file(home: Home, info: PlatformInfo) -> None:
    """Leave the note; readers see the old one or the new one, never half."""
    _write(home.platform_file, info)


def note_supervisor(home: Home, note: ProcessNote) -> None:
    """Note which process starts the platform again whenever it dies."""
    _write(home.supervisor_file, note)


def running_supervisor(home: Home) -> ProcessNote | None:
    """Who starts the platform again when it dies; None when nobody does."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        note = ProcessNote(**json.loads(home.supervisor_file.read_text()))
        return note if note.is_alive else None
    return None


def running_platform(home: Home) -> PlatformInfo | None:
    """The platform that runs on this data folder, or None; a note left by a dead one does not count."""
    info = _read(home.platform_file)
    return info if info is not None and info.is_alive else None


def is_kept_up(home: Home) -> bool:
    """Whether a platform runs, or somebody starts it just now: after a death it takes a while to be back."""
    return running_platform(home) is not None or running_supervisor(home) is not None


def await_platform(
    home: Home, *, report: Callable[[str], None], timeout_s: float = START_TIMEOUT_S
) -> PlatformInfo | None:
    """The platform that runs, or the one that somebody is starting; None when nobody is.

    Args:
        report: Told once if it must be waited for.
        timeout_s: How long at most.
    Raises: PlatformError: It did not come in that time.
    """
    ends_at_s, reported = time.monotonic() + timeout_s, False
    while (info := running_platform(home)) is None:
        if (supervisor := running_supervisor(home)) is None:
            return None
        if not reported:
            report(f"a platform is being started (process {supervisor.pid}); waiting for it")
            reported = True
        if time.monotonic() > ends_at_s:
            raise PlatformError(
                f"the platform that process {supervisor.pid} starts on {home.root} did not come up within "
                f"{timeout_s:g} s; see {home.logs}, or end it with `nntracker down`"
            )
        time.sleep(LOOK_S)
    return info


def already_runs(home: Home) -> str:
    """What to say to somebody who would start a second platform on a data folder."""
    info = running_platform(home)
    where = f" (process {info.pid}{', ' + info.web if info.web else ''})" if info else ""
    return (
        f"a platform runs already on {home.root}{where}; end it with `nntracker down`, "
        "or choose another data folder with NNTRACKER_HOME"
    )


def remove_platform_file(home: Home) -> None:
    """Take the note away when the platform is down."""
    home.platform_file.unlink(missing_ok=True)


def _write(path: Path, note: PlatformInfo | ProcessNote) -> None:
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(asdict(note)))
    aside.replace(path)


def _read(path: Path) -> PlatformInfo | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return PlatformInfo(**json.loads(path.read_text()))
    return None
