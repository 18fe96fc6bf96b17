"""The note that a running platform leaves in the data folder: who runs it and where it answers."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from nntracker_ray.home import Home


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

    @classmethod
    def of_this_process(
        cls, *, ray_address: str | None, dashboard: str | None, web: str | None
    ) -> PlatformInfo:
        """The note of a platform run by the calling process."""
        return cls(os.getpid(), psutil.Process().create_time(), ray_address, dashboard, web)

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote the note still runs."""
        return ProcessNote(self.pid, self.born_at).is_alive


def write_platform_file(home: Home, info: PlatformInfo) -> None:
    """Leave the note; readers see the old one or the new one, never half."""
    _write(home.platform_file, info)


def write_supervisor_file(home: Home) -> None:
    """Note that the calling process starts the platform again whenever it dies."""
    _write(home.supervisor_file, ProcessNote.of_this_process())


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
