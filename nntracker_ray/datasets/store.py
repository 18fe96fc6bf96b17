"""The dataset store: a folder a dataset, named by the digest of the file's bytes.

A folder is written aside, flushed to disk and renamed into place: it is there whole or not at all. Adding the same
bytes again, also from several processes at once, reads them once.

Where `NNTRACKER_SHARED` is set, what is added goes there as well, and what is not here is fetched from there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from filelock import FileLock

from nntracker_ray.datasets.fetch import FetchRules, fetch, is_url
from nntracker_ray.datasets.ingest import ingest
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.stored import ORIGINAL_FILE, StoredDataset, read_record, stored_dataset
from nntracker_ray.errors import DatasetError, NotFoundError, UnsafeFileError
from nntracker_ray.home import Home
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.shared import SharedFolders, shared_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20
_ABANDONED_AFTER_S = 24 * 3600.0


class DatasetStore:
    """Datasets by content digest in the data folder."""

    def __init__(
        self,
        home: Home,
        *,
        limits: Limits = Limits(),  # noqa: B008
        rules: FetchRules | None = None,
        shared: RemoteFolder | None = None,  # None: as NNTRACKER_SHARED says
    ) -> None:
        self._root = home.datasets
        self._limits = limits
        self._rules = rules
        remote = shared or shared_folder()
        self._shared = SharedFolders(remote, "datasets") if remote else None

    def add(self, source: str, *, base: Path | None = None) -> StoredDataset:
        """Keep the dataset at `source`: a path (relative to `base`), an http(s) URL, or a digest already kept.

        The file is read in a confined process. Adding what is there already changes nothing and reads nothing.
        Raises: DatasetError: Missing, malformed, hostile (UnsafeFileError), or not to be fetched (FetchError);
            the message names the source. RemoteError: The shared folder does not take it.
        """
        if _DIGEST.fullmatch(source) and self._is_here(source):
            return self._shared_too(self.get(source))
        with self.aside() as folder:
            name = self._bring(source, base, folder / ORIGINAL_FILE)
            return self.keep(folder, name)

    def keep(self, folder: Path, name: str) -> StoredDataset:
        """Keep the file that lies in a folder of `aside` as ORIGINAL_FILE.

        Args:
            name: What messages call it.
        Raises: DatasetError: Malformed or hostile (UnsafeFileError). RemoteError: The shared folder does not take it.
        """
        digest = _digest(folder / ORIGINAL_FILE)
        with self._locked(digest):
            if not self._folder(digest).exists():
                self._keep(folder, digest, name)
        return replace(self._shared_too(self.get(digest)), name=name)

    def get(self, digest: str) -> StoredDataset:
        """Raises: NotFoundError: Nothing is kept under this digest. RemoteError: It cannot be fetched now."""
        if not _DIGEST.fullmatch(digest) or not self._is_here(digest):
            raise NotFoundError(f"no dataset {digest[:64]!r} in the store; add its file or URL first")
        folder = self._folder(digest)
        _touch(folder)
        return stored_dataset(read_record(folder), folder)

    def forget(self, digest: str, *, unless: Callable[[], bool]) -> bool:
        """Remove a dataset from this machine. Returns whether it was removed.

        Args:
            unless: Asked when nobody can add it meanwhile; True leaves it.
        """
        with self.aside() as folder, self._locked(digest):
            if unless():
                return False
            # At once and whole: whoever reads it now has it open, and whoever comes finds nothing.
            self._folder(digest).rename(folder / "gone")
        return True

    def _folder(self, digest: str) -> Path:
        return self._root / digest

    def _is_here(self, digest: str) -> bool:
        """Whether it is kept here, now: fetched from the shared folder if it is there."""
        return self._folder(digest).is_dir() or (self._shared is not None and self._fetched(digest))

    def _fetched(self, digest: str) -> bool:
        with self.aside() as folder, self._locked(digest):
            if self._folder(digest).is_dir():  # another process was first
                return True
            if self._shared is None or not self._shared.fetch(digest, folder):
                return False
            self._put_in_place(folder, digest)
            return True

    def _shared_too(self, dataset: StoredDataset) -> StoredDataset:
        if self._shared is not None:
            self._shared.push(dataset.folder, dataset.digest)
        return dataset

    @property
    def limits(self) -> Limits:
        """What a dataset may cost."""
        return self._limits

    def _bring(self, source: str, base: Path | None, target: Path) -> str:
        """The file's bytes to `target`. Returns its name."""
        if is_url(source):
            return fetch(source, target, max_bytes=self._limits.file_bytes, rules=self._rules)
        path = (base or Path()) / Path(source).expanduser()
        _copy(path, target, self._limits.file_bytes)
        return path.name

    def _keep(self, folder: Path, digest: str, name: str) -> None:
        try:
            ingest(folder, digest=digest, name=name, limits=self._limits)
        except DatasetError as error:
            raise type(error)(f"{name}: {error}") from error
        self._put_in_place(folder, digest)

    def _put_in_place(self, folder: Path, digest: str) -> None:
        for file in folder.iterdir():
            _flush(file)
        _flush(folder)
        folder.rename(self._folder(digest))
        _flush(self._root)

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A folder of its own for one addition, gone afterwards unless `keep` has put it into its place."""
        incoming = self._root / ".incoming"
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_abandoned(incoming)
        folder = incoming / uuid4().hex
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self, digest: str) -> Iterator[None]:
        locks = self._root / ".locks"
        locks.mkdir(exist_ok=True, mode=0o700)
        with FileLock(locks / f"{digest}.lock"):
            yield


def _copy(path: Path, target: Path, most_bytes: int) -> None:
    try:
        # Without O_NONBLOCK a pipe would keep us waiting for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be opened ({error.strerror}); give a path, URL or stored digest"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DatasetError(f"{path}: not a plain file; give one NPZ, CSV, ARFF, JSON, pickle or zip file")
    with open(descriptor, "rb") as source, target.open("xb") as copy:  # noqa: PTH123 - a descriptor
        left = most_bytes
        while block := source.read(_BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise UnsafeFileError(f"{path}: larger than the allowed {most_bytes:,} bytes")
            copy.write(block)


def _touch(folder: Path) -> None:
    """Say that it is used: what was not for long, and is named by nothing, is removed (`store_sweeping`)."""
    with suppress(OSError):  # a folder that may only be read
        os.utime(folder)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(incoming: Path) -> None:
    """What a killed process left behind; a day is longer than any addition may take."""
    oldest = time.time() - _ABANDONED_AFTER_S
    for folder in incoming.iterdir():
        try:
            abandoned = folder.stat().st_mtime < oldest
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(folder, ignore_errors=True)
