"""Models on disk, by the digest of their canonical JSON.

Where `NNTRACKER_SHARED` is set, what is added goes there as well, and what is not here is fetched from there.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from nntracker_ray.errors import ModelError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.models.canonical import digest_of
from nntracker_ray.models.schema import ModelDescription
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.shared import shared_folder

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class ModelStore:
    """One file per model in `Home.models`; written once, never changed."""

    def __init__(self, home: Home, *, shared: RemoteFolder | None = None) -> None:
        self._folder = home.models
        self._shared = shared or shared_folder()

    def add(self, description: ModelDescription) -> None:
        """Keep the model. Adding it again changes nothing. Raises: RemoteError: The shared folder does not take it."""
        target = self._path(description.digest)
        try:
            os.utime(
                target
            )  # used: what was not for long, and is named by nothing, is removed (`store_sweeping`)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_aside(target, description.json.encode())
        if self._shared is not None and self._shared.size(_key(description.digest)) is None:
            self._shared.put(target, _key(description.digest))

    def get(self, digest: str) -> str:
        """The canonical JSON.

        Raises:
            NotFoundError: no such model.
            ModelError: the file is not what was stored.
            RemoteError: it cannot be fetched now.
        """
        if not _DIGEST.match(digest):
            raise NotFoundError(f"{digest[:80]!r} is not a model digest (64 hexadecimal digits)")
        path = self._path(digest)
        if self._shared is not None and not path.exists():
            self._shared.get(_key(digest), path)
        try:
            text = path.read_text()
        except FileNotFoundError:
            raise NotFoundError(f"no model {digest} in {self._folder}; submit the experiment again") from None
        if digest_of(text) != digest:
            raise ModelError(f"the stored model {digest} is damaged; remove {path} and submit it again")
        return text

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"


def _key(digest: str) -> str:
    return f"models/{digest}.json"


def write_aside(target: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part."""
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(target)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
