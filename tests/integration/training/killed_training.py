"""A child process that trains and sends itself SIGKILL at a chosen moment of the wall clock or the disk.

Arguments: folder of the run, sink file, what to count ("batch" or "file"), number at which to die (0: never).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from training_kit import train

from nntracker_ray.records import Record
from nntracker_ray.training import atomic_file
from nntracker_ray.training.control import Mailbox
from nntracker_ray.wire import encode_records
from tests.sample_runs import sample_spec


class FileSink:
    """Appends encoded records to a file when flushed: what is not flushed dies with the process."""

    def __init__(self, path: Path) -> None:
        self._path, self._waiting = path, []  # type: ignore[var-annotated]

    def record(self, *records: Record) -> None:
        self._waiting.extend(records)

    def flush(self, timeout_s: float) -> bool:
        waiting, self._waiting = self._waiting, []
        with self._path.open("ab") as file:
            file.write(encode_records(waiting))
        return True

    @property
    def stale(self) -> bool:
        return False


class Fuse:
    """Burns down with every count; at the end the process is gone."""

    def __init__(self, length: int) -> None:
        self._left = length

    def burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalMailbox(Mailbox):
    """Read before every batch."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    @property
    def wish(self) -> Any:
        self._fuse.burn()
        return super().wish


def mortal_steps(fuse: Fuse) -> type[atomic_file.FileSteps]:
    class MortalSteps(atomic_file.FileSteps):
        def create(self, path: Path) -> Any:
            fuse.burn()
            return super().create(path)

        def sync(self, file: Any) -> None:
            fuse.burn()
            super().sync(file)

        def rename(self, source: Path, target: Path) -> None:
            fuse.burn()
            super().rename(source, target)

        def sync_folder(self, folder: Path) -> None:
            fuse.burn()
            super().sync_folder(folder)

        def link(self, source: Path, target: Path) -> None:
            fuse.burn()
            super().link(source, target)

        def unlink(self, path: Path) -> None:
            fuse.burn()
            super().unlink(path)

    return MortalSteps


def main() -> None:
    folder, sink, counted, dies_at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    fuse = Fuse(dies_at)
    if counted == "file":
        atomic_file.FileSteps = mortal_steps(fuse)  # type: ignore[misc]
    mailbox = MortalMailbox(fuse) if counted == "batch" else Mailbox()
    train(sample_spec(), folder, sink=FileSink(sink), mailbox=mailbox)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
