"""Copies of a run's checkpoints where every machine reaches them: `checkpoints/<run_id>/<name>.ckpt`."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final
from uuid import UUID

from nntracker_ray.checkpoints.another_run import is_of_another
from nntracker_ray.checkpoints.folder import CheckpointFolder, described
from nntracker_ray.checkpoints.info import LAST, ORIGIN, CheckpointInfo, infos_as_fact, infos_of_fact, kind_of
from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import CheckpointPolicy, Origin
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.shared import shared_folder
from nntracker_ray.training.atomic_file import name_aside

_log = logging.getLogger(__name__)
PLACE: Final = "checkpoints"
_LIST: Final = "list.json"  # what there is; written after it is there


def remote_of(policy: CheckpointPolicy) -> RemoteFolder | None:
    """Where copies of a run's checkpoints go: its own location, else `NNTRACKER_SHARED`, else nowhere."""
    return RemoteFolder(policy.location) if policy.location else shared_folder()


def steps_of(infos: Iterable[CheckpointInfo], name: str = LAST) -> int:
    """How far a checkpoint in a list is; -1 when there is none of this name."""
    return next((info.steps_done for info in infos if info.name == name), -1)


class RemoteCopies:
    """The copies of one run. Every method raises RemoteError when the place does not answer."""

    def __init__(self, remote: RemoteFolder, run_id: UUID) -> None:
        self._remote, self._run_id = remote, run_id

    def put(self, name: str, path: Path) -> None:
        """Copy a file there as the checkpoint of that name."""
        self._remote.put(path, self._key(name))

    def put_list(self, infos: Sequence[CheckpointInfo], run_no: int | None = None) -> None:
        """Say what there is, after it is there, and of which run of this id."""
        with tempfile.TemporaryDirectory(prefix="nntracker-") as folder:
            path = Path(folder) / _LIST
            path.write_text(json.dumps([{**entry, "run_no": run_no} for entry in infos_as_fact(infos)]))
            self._remote.put(path, f"{self._folder}/{_LIST}")

    def drop(self, names: Iterable[str]) -> None:
        """Remove checkpoints that the run no longer keeps."""
        for name in names:
            self._remote.delete(self._key(name))

    def names(self) -> set[str]:
        """Of which checkpoints there is a copy."""
        found = (PurePosixPath(key) for key, _ in self._remote.list(self._folder))
        return {path.stem for path in found if path.suffix == ".ckpt" and _is_name(path.stem)}

    def fetch_into(self, folder: CheckpointFolder) -> list[str]:
        """Bring what is missing here, and everything where the run is further there. Returns the names.

        Copies of a deleted run of the same id are not brought but removed there.
        """
        names = self.names()
        wanted = (
            names if LAST in names and self._is_further(folder) else {n for n in names if not folder.has(n)}
        )
        # The last one last: as long as it is the old one, nothing newer is needed.
        ordered = sorted(wanted, key=lambda name: (name == LAST, name))
        return [name for name in ordered if self._bring_or_remove(name, folder)]

    def fetch_origin(self, origin: Origin, folder: CheckpointFolder) -> bool:
        """Bring the checkpoint that a fork begins with, from its parent's copies. Whether there was one."""
        parent = folder.beside(origin.run_id, origin.run_no)
        key = RemoteCopies(self._remote, origin.run_id)._key(origin.checkpoint)
        return self._get(key, folder.path(ORIGIN), parent) is True

    def keep_origin(self, origin: Origin, *, further_than: int) -> dict[str, int] | None:
        """Copy the checkpoint that this fork begins with from its parent's copies to its own.

        Args:
            further_than: The steps done at which one is at hand already, -1 for none.
        Returns: epochs_done, batches_done and steps_done of what was copied; None when there is nothing further.
        Raises: CheckpointError: It is damaged.
        """
        parent = RemoteCopies(self._remote, origin.run_id)
        if further_than >= 0 and parent.steps_done(origin.run_no, origin.checkpoint) <= further_than:
            return None
        if not self._remote.copy(parent._key(origin.checkpoint), self._key(ORIGIN)):
            return None
        # Of what was copied: the parent may have replaced its own since.
        head = self._described(ORIGIN)
        if is_of_another(head, origin.run_id, origin.run_no):
            self.drop([ORIGIN])
            return None
        return {key: head[key] for key in ("epochs_done", "batches_done", "steps_done")}

    def _described(self, name: str) -> dict[str, Any]:
        with self._remote.opened(self._key(name)) as file:
            return described(Path(self._key(name)), file)

    def _bring_or_remove(self, name: str, folder: CheckpointFolder) -> bool:
        key = self._key(name)
        owned = self._get(key, folder.path(name), folder)
        if owned is False:
            _log.info("the copy %s is of a run of this id that was deleted: removed", key)
            self._remote.delete(key)
        return owned is True

    def _get(self, key: str, path: Path, owner: CheckpointFolder) -> bool | None:
        """Put a copy in place if it is the owner's. Whether it is; None: there is none."""
        aside = name_aside(path)
        try:
            if not self._remote.get(key, aside):
                return None
            if owned := owner.owns(aside):
                aside.replace(path)
            return owned
        finally:
            aside.unlink(missing_ok=True)

    def _is_further(self, folder: CheckpointFolder) -> bool:
        if not folder.has(LAST):
            return True
        return self.steps_done(folder.run_no) > steps_of(folder.infos())

    def steps_done(self, run_no: int | None = None, name: str = LAST) -> int:
        """How far a checkpoint there is, as the list says; -1 when there is none of this name.

        Args:
            run_no: The database's number of the run. Given, copies of a deleted run of the same id do not count.
        """
        with tempfile.TemporaryDirectory(prefix="nntracker-") as folder:
            path = Path(folder) / _LIST
            if not self._remote.get(f"{self._folder}/{_LIST}", path):
                return -1
            listed = json.loads(path.read_text())
        whose = {"run_id": str(self._run_id)}
        own = [entry for entry in listed if not is_of_another({**entry, **whose}, self._run_id, run_no)]
        return steps_of(infos_of_fact(own), name)

    @property
    def _folder(self) -> str:
        return f"{PLACE}/{self._run_id}"

    def _key(self, name: str) -> str:
        kind_of(name)
        return f"{self._folder}/{name}.ckpt"


def _is_name(name: str) -> bool:
    try:
        kind_of(name)
    except NotFoundError:
        return False
    return True
