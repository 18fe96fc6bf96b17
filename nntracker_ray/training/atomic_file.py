"""Replace a file by a new one, or not at all: also through a kill or a power cut at any moment.

Source: T. S. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014: write aside, fsync the file,
rename, fsync the folder.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

_SUFFIX = ".aside"
# A file system without hard links, or an inode with too many: the content is copied.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


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

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second, new name."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Put one file in the place of another, at once."""
        os.replace(source, target)  # noqa: PTH105 (the very system call)

    def unlink(self, path: Path) -> None:
        """Take a name away, if it is there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Bring the names in a folder to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(
    path: Path,
    fill: Callable[[BinaryIO], None],
    steps: FileSteps | None = None,
    *,
    also: Sequence[Path] = (),
) -> None:
    """Let `fill` write a file aside, then put it in the place of `path`.

    Args:
        also: Further names in the same folder for the same content. They are in place before `path` is, so
            who sees the new `path` sees them as well.
    Raises: OSError: It could not be written; `path` is as it was and nothing is left aside.
    """
    steps = steps or FileSteps()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = name_aside(path)
    try:
        with steps.create(aside) as file:
            fill(file)
            steps.sync(file)
        for name in also:
            _put_link(aside, name, steps)
        steps.rename(aside, path)
    except Exception:
        aside.unlink(missing_ok=True)
        raise
    steps.sync_folder(path.parent)


def link_file(source: Path, path: Path, steps: FileSteps | None = None) -> None:
    """Put the content of a file in the place of `path`: by a hard link, or a copy where there are none.

    Raises: OSError: It could not be done (FileNotFoundError: no `source`); `path` is as it was.
    """
    steps = steps or FileSteps()
    path.parent.mkdir(parents=True, exist_ok=True)
    _put_link(source, path, steps)
    steps.sync_folder(path.parent)


def name_aside(path: Path) -> Path:
    """A new name beside `path` that `remove_leftovers` knows.

    Two trainers of one run may exist for a moment, when a worker was thought dead; each has its own file.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}{_SUFFIX}")


def remove_leftovers(path: Path) -> None:
    """Delete what killed writers of `path` left aside; of a folder: of anything in it."""
    folder, name = (path, "*") if path.is_dir() else (path.parent, path.name)
    for leftover in folder.glob(f".{name}.*{_SUFFIX}"):
        leftover.unlink(missing_ok=True)


def _put_link(source: Path, path: Path, steps: FileSteps) -> None:
    aside = name_aside(path)
    try:
        _link_or_copy(source, aside, steps)
        steps.rename(aside, path)
    except Exception:
        aside.unlink(missing_ok=True)
        raise
    # Renaming one name of a file over another one of the same file does nothing, by POSIX.
    steps.unlink(aside)


def _link_or_copy(source: Path, target: Path, steps: FileSteps) -> None:
    try:
        steps.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with source.open("rb") as original, steps.create(target) as copy:
            shutil.copyfileobj(original, copy)
            steps.sync(copy)
