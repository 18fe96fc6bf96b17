"""A folder that every machine can reach: on a common disk, or in an object store that pyarrow knows.

`/mnt/common/nntracker`, `file:///mnt/common`, `s3://bucket/prefix?region=eu-central-1`, `gs://bucket/prefix`,
`abfs://container@account/prefix`, `hdfs://host/prefix`. Credentials come from where the provider's own tools
look for them.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TypeAlias
from uuid import uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from nntracker_ray.disk_room import is_disk_full
from nntracker_ray.errors import BadInputError, RemoteError

FileSystem: TypeAlias = Any
Listing: TypeAlias = list[tuple[str, int]]  # keys, each with its bytes

ASIDE_PREFIX: Final = ".aside-"
TRIES: Final = 3
LISTINGS: Final = 10
READ: Final = "read"
# Where a file being written can be seen, it is written under another name. An object store shows it when complete.
SHOWS_HALF_WRITTEN: Final = frozenset({"local", "hdfs"})


class RemoteFolder:
    """Files by key, a relative path such as "checkpoints/0190.../last.ckpt". Safe to share between threads.

    A file is there whole or not at all. Nothing is connected before the first call, so that making one is free
    and never fails because of a network.

    Args:
        uri: A URI that pyarrow knows, or an absolute path.
    Raises: BadInputError: Neither of the two.
    """

    def __init__(self, uri: str) -> None:
        if "://" not in uri and not Path(uri).is_absolute():
            raise BadInputError(
                f"{uri!r} is not a shared folder; give an absolute path or a URI such as s3://bucket/prefix"
            )
        self.uri = uri

    def put(self, local: Path, key: str) -> None:
        """Copy a local file to `key`, in the place of what was there. Raises: RemoteError, FileNotFoundError."""
        if not local.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(local))
        self._write(_local_disk(), str(local), key)

    def copy(self, key: str, to: str) -> bool:
        """Copy `key` to another key, in the place of what was there. False when there is no such key.

        An object store does so by itself: nothing passes through this machine. Raises: RemoteError.
        """
        filesystem, source = self._place(key)
        with self._translated("look at", key):
            if _size(filesystem, source) is None:
                return False
        try:
            self._write(filesystem, source, to)
        except NotImplementedError:  # HDFS cannot
            return self._copy_through_here(key, to)
        return True

    @contextmanager
    def opened(self, key: str) -> Iterator[BinaryIO]:
        """The file at `key`, to read parts of. Raises: RemoteError: It cannot be read, or is not there."""
        filesystem, path = self._place(key)
        with self._translated(READ, key), filesystem.open_input_file(path) as file:
            yield file

    def get(self, key: str, local: Path) -> bool:
        """Copy `key` to a local file, in the place of what was there. False when there is no such key.

        Raises:
            RemoteError: It is there and cannot be read; the local file is as it was.
            OSError: It cannot be written here, as when the disk is full; the same holds.
        """
        local.parent.mkdir(parents=True, exist_ok=True)
        aside = local.with_name(f"{ASIDE_PREFIX}{uuid4().hex}")
        try:
            if not self._fetched(key, aside):
                return False
            _flush(aside)
            aside.replace(local)
        finally:
            aside.unlink(missing_ok=True)
        return True

    def size(self, key: str) -> int | None:
        """Bytes of the file at `key`, None when there is none. Raises: RemoteError."""
        filesystem, path = self._place(key)
        with self._translated("look at", key):
            return _size(filesystem, path)

    def list(self, folder: str = "") -> Listing:
        """Keys below a folder ("": all), sorted. A folder that is not there is empty. Raises: RemoteError."""
        from pyarrow.fs import FileSelector, FileType

        path = self._place(folder)[1] if folder else self._root
        with self._translated("list", folder):
            # Where a folder comes or goes meanwhile, pyarrow raises in spite of `allow_not_found`.
            again = Retrying(
                retry=retry_if_exception_type(FileNotFoundError),
                stop=stop_after_attempt(LISTINGS),
                reraise=True,
            )
            wanted = FileSelector(path, recursive=True, allow_not_found=True)
            found = again(self._filesystem.get_file_info, wanted)
        files = [each for each in found if each.type == FileType.File and ASIDE_PREFIX not in each.path]
        root = self._root
        return sorted((str(PurePosixPath(each.path).relative_to(root)), each.size) for each in files)

    def delete(self, key: str) -> bool:
        """Remove the file at `key`. Returns whether there was one. Raises: RemoteError."""
        filesystem, path = self._place(key)
        with self._translated("remove", key):
            if _size(filesystem, path) is None:
                return False
            filesystem.delete_file(path)
        return True

    def delete_folder(self, folder: str) -> None:
        """Remove a folder with everything in it, if it is there. Raises: RemoteError."""
        from pyarrow.fs import FileType

        filesystem, path = self._place(folder)
        with self._translated("remove", folder):
            if filesystem.get_file_info(path).type == FileType.Directory:
                filesystem.delete_dir(path)

    def _copy_through_here(self, key: str, to: str) -> bool:
        with tempfile.TemporaryDirectory(prefix="nntracker-") as folder:
            local = Path(folder) / "copy"
            if found := self.get(key, local):
                self.put(local, to)
        return found

    def _write(self, origin: FileSystem, source: str, key: str) -> None:
        filesystem, target = self._place(key)
        with self._translated("write", key):
            if filesystem.type_name not in SHOWS_HALF_WRITTEN:
                _copy(origin, source, filesystem, target)
                return
            with _aside(filesystem, target) as aside:
                _copy(origin, source, filesystem, aside)
                if filesystem.type_name == "local":
                    _flush(Path(aside))
                filesystem.move(aside, target)

    def _place(self, key: str) -> tuple[FileSystem, str]:
        checked = _require_key(key)
        return self._filesystem, f"{self._root}/{checked}"

    @property
    def _filesystem(self) -> FileSystem:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @cached_property
    def _opened(self) -> tuple[FileSystem, str]:
        import pyarrow
        from pyarrow.fs import FileSystem as Arrow

        try:
            filesystem, root = Arrow.from_uri(self.uri)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            raise BadInputError(
                f"{self._shown()} is not a shared folder that pyarrow knows: {error}"
            ) from error
        except OSError as error:
            raise self._away("open", "", error) from error
        return filesystem, root.rstrip("/")

    @contextmanager
    def _translated(self, doing: str, key: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # pyarrow's own errors are among these two
            if doing == READ and is_disk_full(error):
                raise  # reading fills no disk but ours
            raise self._away(doing, key, error) from error

    def _away(self, doing: str, key: str, error: BaseException) -> RemoteError:
        return RemoteError(
            f"cannot {doing} {self._shown(key)}: {_first_line(error)}; "
            "see that the folder exists, answers and lets us in"
        )

    def _shown(self, key: str = "") -> str:
        """The address without what may be secret in it."""
        scheme, mark, rest = self.uri.partition("?")[0].rpartition("://")
        return f"{scheme}{mark}{rest.rpartition('@')[2].rstrip('/')}/{key}".rstrip("/")

    def _fetched(self, key: str, local: Path) -> bool:
        filesystem, source = self._place(key)
        for _ in range(TRIES):  # it may be replaced by a longer one between looking and reading
            with self._translated(READ, key):
                if (size := _size(filesystem, source)) is None:
                    return False
                _copy(filesystem, source, _local_disk(), str(local))
            if local.stat().st_size == size:
                return True
        raise RemoteError(
            f"{self._shown(key)}: what came is not {size:,} bytes long, as it should be; try again"
        )


def _require_key(key: str) -> str:
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts or "\0" in key or "\\" in key:
        raise BadInputError(f"{key!r} is not a key; give a relative path such as 'models/abc.json'")
    return key.strip("/")


def _local_disk() -> FileSystem:
    from pyarrow.fs import LocalFileSystem

    return LocalFileSystem()


def _copy(source: FileSystem, path: str, destination: FileSystem, target: str) -> None:
    """One file. An upload that breaks off is given up: closing the stream would complete it, cut short."""
    from pyarrow.fs import copy_files

    if destination.type_name in SHOWS_HALF_WRITTEN:
        destination.create_dir(str(PurePosixPath(target).parent), recursive=True)
    copy_files(path, target, source_filesystem=source, destination_filesystem=destination, use_threads=False)


@contextmanager
def _aside(filesystem: FileSystem, target: str) -> Iterator[str]:
    place = PurePosixPath(target)
    aside = str(place.with_name(f"{ASIDE_PREFIX}{uuid4().hex}"))
    try:
        yield aside
    finally:
        _unless_gone(lambda: filesystem.delete_file(aside))


def _unless_gone(remove: Callable[[], None]) -> None:
    try:
        remove()
    except OSError:  # renamed into place; or the disk is away, and what is left there is never listed
        return


def _size(filesystem: FileSystem, path: str) -> int | None:
    from pyarrow.fs import FileType

    info = filesystem.get_file_info(path)
    return int(info.size) if info.type == FileType.File else None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
