"""The folder with the checkpoints of one run: what lies in it, what is kept, what goes."""

from __future__ import annotations

import contextlib
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from uuid import UUID

from nntracker_ray.checkpoints.another_run import is_of_another
from nntracker_ray.checkpoints.archive import damaged, not_written, read_head
from nntracker_ray.checkpoints.info import BEST, LAST, ORIGIN, CheckpointInfo, kind_of
from nntracker_ray.checkpoints.retention import surplus
from nntracker_ray.errors import CheckpointError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy
from nntracker_ray.training.atomic_file import FileSteps, link_file

_log = logging.getLogger(__name__)
_SUFFIX = ".ckpt"
_TOLD = ("epochs_done", "batches_done", "steps_done", "metric", "value")  # from the head, in lists
_Heads: TypeAlias = dict[tuple[int, int, int], dict[str, Any]]  # by inode, time and size of the file


class CheckpointFolder:
    """`<checkpoints>/<run_id>/`: `last.ckpt`, `best.ckpt`, `epoch-0004.ckpt`, `pause-1234.ckpt`, `origin.ckpt`.

    Files are replaced, never written into, so several names may be one file (hard links). Any number of
    processes may look; the one that trains the run writes.

    Args:
        run_no: The database's number of the run. Given, what a deleted run of the same id has left counts as not
            there; machines that nobody looked at when it was deleted have it still.
    """

    def __init__(
        self,
        home: Home,
        run_id: UUID,
        policy: CheckpointPolicy = CheckpointPolicy(),  # noqa: B008 (frozen)
        *,
        run_no: int | None = None,
    ) -> None:
        self.home, self.run_id, self.policy, self.run_no = home, run_id, policy, run_no
        self.folder = home.checkpoints / str(run_id)
        self._seen: _Heads = {}

    def path(self, name: str) -> Path:
        """Where a checkpoint lies, or would. Raises: NotFoundError: That is no name of a checkpoint."""
        kind_of(name)
        return self.folder / f"{name}{_SUFFIX}"

    def has(self, name: str = LAST) -> bool:
        """Whether there is such a checkpoint."""
        self.adopt_old_files()
        path = self.path(name)
        return path.exists() and self.owns(path)

    def owns(self, path: Path) -> bool:
        """Whether a file may be a checkpoint of this run. A damaged one may: who reads it says what is wrong."""
        if self.run_no is None:
            return True
        try:
            return not is_of_another(read_head(path), self.run_id, self.run_no)
        except (FileNotFoundError, CheckpointError):
            return True

    def infos(self) -> list[CheckpointInfo]:
        """Every checkpoint here, oldest moment first, `last` at the end. Damaged ones and others' are left out."""
        self.adopt_old_files()
        before, self._seen = self._seen, {}
        found = [self._info(path, before) for path in sorted(self.folder.glob(f"*{_SUFFIX}"))]
        kept = [info for info in found if info is not None]
        return sorted(kept, key=lambda info: (info.kind == LAST, info.steps_done, info.name))

    def info(self, name: str) -> CheckpointInfo:
        """One checkpoint. Raises: NotFoundError: It is not here; the message lists what is."""
        if found := next((info for info in self.infos() if info.name == name), None):
            return found
        kind_of(name)
        there = ", ".join(info.name for info in self.infos()) or "none yet"
        raise NotFoundError(f"run {self.run_id} has no checkpoint {name!r} here; there is: {there}")

    def prune(self, steps: FileSteps | None = None) -> list[str]:
        """Remove what the policy no longer keeps, oldest first. Returns the names."""
        steps = steps or FileSteps()
        names = [info.name for info in surplus(self.infos(), self.policy)]
        for name in names:
            steps.unlink(self.path(name))
        return names

    def remove(self) -> None:
        """Delete everything of the run that lies here; what is gone already is no error."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for old, _ in self._old_files():
            old.unlink(missing_ok=True)

    def everything(self) -> list[Path]:
        """What of the run lies here: its folder, and beside it what earlier versions left."""
        return [path for path in (self.folder, *(old for old, _ in self._old_files())) if path.exists()]

    def discard_others(self) -> list[str]:
        """Remove what a deleted run of the same id has left here. Returns the names."""
        self.adopt_old_files()
        others = [path for path in sorted(self.folder.glob(f"*{_SUFFIX}")) if not self.owns(path)]
        for path in others:
            _log.info("%s is of a run of this id that was deleted: removed", path)
            path.unlink(missing_ok=True)
        return [path.name.removesuffix(_SUFFIX) for path in others]

    def keep_for_fork(self, name: str, fork_id: UUID) -> CheckpointInfo:
        """Keep a checkpoint as the beginning of a fork, whatever becomes of this run. Twice is once.

        Raises:
            NotFoundError: It is not here.
            CheckpointError: The file system refuses.
        """
        info, target = self.info(name), self.beside(fork_id).path(ORIGIN)
        try:
            link_file(self.path(name), target)
        except OSError as error:
            raise not_written(target, error) from error
        return info

    def beside(self, run_id: UUID, run_no: int | None = None) -> CheckpointFolder:
        """The folder of another run in the same place."""
        return CheckpointFolder(self.home, run_id, run_no=run_no)

    def adopt_old_files(self) -> None:
        """Move what earlier versions left: `<run_id>.ckpt`, `<run_id>.best.npz` beside the folders."""
        for old, new in self._old_files():
            if old.exists() and not new.exists():
                new.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    old.rename(new)

    def _old_files(self) -> tuple[tuple[Path, Path], ...]:
        # The checkpoint last: as long as it is at its old place, the move is not over.
        beside = self.folder.parent
        return (
            (beside / f"{self.run_id}.best.npz", self.folder / f"{BEST}.npz"),
            (beside / f"{self.run_id}{_SUFFIX}", self.folder / f"{LAST}{_SUFFIX}"),
        )

    def _info(self, path: Path, before: _Heads) -> CheckpointInfo | None:
        name = path.name.removesuffix(_SUFFIX)
        try:
            kind, stat = kind_of(name), path.stat()
            key = stat.st_ino, stat.st_mtime_ns, stat.st_size
            known = before.get(key) or self._seen.get(key)  # several names may be one file
            head = self._seen[key] = known or described(path)
        except (NotFoundError, FileNotFoundError):
            return None
        except CheckpointError as error:
            _log.warning("left out of the list: %s", error)
            return None
        if is_of_another(head, self.run_id, self.run_no):
            return None
        written = head["created_at"] or datetime.fromtimestamp(stat.st_mtime, UTC).isoformat()
        told = {key: head[key] for key in _TOLD}
        told |= {"bytes": stat.st_size, "created_at": datetime.fromisoformat(written)}
        return CheckpointInfo(name=name, kind=kind, **told)


def described(path: Path, file: BinaryIO | None = None) -> dict[str, Any]:
    """What a list says of a checkpoint and its head knows. Raises: CheckpointError, FileNotFoundError.

    Args:
        file: What to read instead, where `path` is only what it is called.
    """
    head = read_head(path, file)
    try:
        place, monitored = head["place"], head["callbacks"].get("monitored") or {}
        counts = {key: place[key] for key in ("epochs_done", "batches_done", "steps_done")}
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(path, error) from error
    measured = {"metric": monitored.get("metric"), "value": monitored.get("value")}
    whose = {key: head.get(key) for key in ("run_id", "run_no")}
    return {**counts, **measured, **whose, "created_at": head.get("created_at")}
