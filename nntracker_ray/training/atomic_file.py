"""Replace a file by a new one, or not at all: also through a kill or a power cut at any moment.

Source: T. S. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014: write aside, fsync the file,
rename, fsync the folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_SUFFIX = ".aside"


class FileSteps:
    """The operations in which a replacement can be interrupted; a test puts its own in place."""

    def create(self, path: Path) -> BinaryIO:
        """Open a new file for writing, readable by its owner alone."""
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        return os.fdopen(descriptor, "w+b")

    def sync(self, file: BinaryIO) -> None:
        """Bring the content to the disk."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Put one file in the place of another, at once."""
        os.replace(source, target)  # noqa: PTH105 (the very system call)

    def sync_folder(self, folder: Path) -> None:
        """Bring the names in a folder to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path: Path, fill: Callable[[BinaryIO], None], steps: FileSteps | None = None) -> None:
    """Let `fill` write a file aside, then put it in the place of `path`.

    Raises: OSError: It could not be written; `path` is as it was and nothing is left aside.
    """
    steps = steps or FileSteps()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two trainers of one run may exist for a moment, when a worker was thought dead; each has its own file.
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}{_SUFFIX}")
    try:
        with steps.create(aside) as file:
            fill(file)
            steps.sync(file)
        steps.rename(aside, path)
    except Exception:
        aside.unlink(missing_ok=True)
        raise
    steps.sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Delete what killed writers of `path` left aside."""
    for leftover in path.parent.glob(f".{path.name}.*{_SUFFIX}"):
        leftover.unlink(missing_ok=True)
