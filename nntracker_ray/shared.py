"""`NNTRACKER_SHARED`: one place that all nodes reach, for what they must have in common without a common disk.

Below it lie `datasets/<digest>/`, `models/<digest>.json` and `checkpoints/<run_id>/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nntracker_ray.errors import RemoteError
from nntracker_ray.remote import RemoteFolder

ENVIRONMENT_VARIABLE: Final = "NNTRACKER_SHARED"
MANIFEST: Final = "files.json"


def shared_folder() -> RemoteFolder | None:
    """The place that `NNTRACKER_SHARED` names, None when it is not set. Raises: BadInputError: It is no such place."""
    uri = os.environ.get(ENVIRONMENT_VARIABLE)
    return RemoteFolder(uri) if uri else None


def shared_setting() -> dict[str, str]:
    """The setting as processes on other nodes need it in their environment; empty when there is none."""
    uri = os.environ.get(ENVIRONMENT_VARIABLE)
    return {ENVIRONMENT_VARIABLE: uri} if uri else {}


class SharedFolders:
    """Folders that never change, by name, in a remote place.

    A list of the files with their digests goes last: a folder without it is not there yet.
    """

    def __init__(self, remote: RemoteFolder, kind: str) -> None:
        self._remote, self._kind = remote, kind

    def has(self, name: str) -> bool:
        """Whether the whole folder is there. Raises: RemoteError."""
        return self._remote.size(self._key(name, MANIFEST)) is not None

    def push(self, folder: Path, name: str) -> None:
        """Copy the files of a folder there, unless they are. Raises: RemoteError."""
        if self.has(name):
            return
        files = sorted(path for path in folder.iterdir() if path.is_file())
        for file in files:
            self._remote.put(file, self._key(name, file.name))
        with tempfile.TemporaryDirectory() as aside:
            manifest = Path(aside) / MANIFEST
            manifest.write_text(json.dumps({file.name: _fingerprint(file) for file in files}, indent=2))
            self._remote.put(manifest, self._key(name, MANIFEST))

    def fetch(self, name: str, folder: Path) -> bool:
        """Copy the files from there into an empty folder. False when nothing is there under this name.

        Raises: RemoteError: What came is not what was put there; `folder` is not to be used.
        """
        manifest = folder / MANIFEST
        if not self._remote.get(self._key(name, MANIFEST), manifest):
            return False
        listed: Mapping[str, Any] = json.loads(manifest.read_text())
        manifest.unlink()
        for file, fingerprint in listed.items():
            self._fetch_file(name, folder / Path(file).name, fingerprint)
        return True

    def _fetch_file(self, name: str, target: Path, fingerprint: Any) -> None:
        key = self._key(name, target.name)
        if not self._remote.get(key, target) or _fingerprint(target) != fingerprint:
            raise RemoteError(
                f"{key} in the shared folder is missing or damaged; remove {self._key(name)} there "
                "and submit the experiment again"
            )

    def _key(self, *names: str) -> str:
        return "/".join((self._kind, *names))


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
