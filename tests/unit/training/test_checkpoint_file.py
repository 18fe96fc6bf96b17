"""The one file of a run: whole or older, never torn, never somebody else's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.errors import CheckpointError, DiskFullError
from nntracker_ray.home import Home
from nntracker_ray.records import (
    CheckpointPolicy,
    Configuration,
    LearningRateSchedule,
    NamedConf,
    Origin,
    Resources,
    RunSpec,
)
from nntracker_ray.training.atomic_file import FileSteps, remove_leftovers
from nntracker_ray.training.checkpoint import (
    Checkpoint,
    Place,
    read_checkpoint,
    spec_digest,
    write_checkpoint,
)
from tests.sample_runs import sample_spec

SPEC = sample_spec()
OLD, NEW = 1.0, 2.0
OLD_RELEASE = Path(__file__).parents[2] / "data" / "checkpoints" / "release-0.1"


def checkpoint(value: float, spec: RunSpec = SPEC) -> Checkpoint:
    """A checkpoint filled with one number, so that a mix would show."""
    arrays = {
        "model/0": np.full((16, 5), value, np.float32),
        "model/1": np.full((3,), value, ml_dtypes.bfloat16),
        "optimizer/0": np.array(int(value), np.int64),
        "metrics/0": np.full((0, 2), value),
    }
    place = Place(epochs_done=int(value), steps_done=45, elapsed_s=value, first_non_finite={"metric": "loss"})
    memory = {"early_stopping": {"wait": 2, "best": float("nan")}}
    return Checkpoint(spec.run_id, spec_digest(spec), place, arrays, memory, {"threads": 1})


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def contents(path: Path) -> tuple[Place, dict[str, tuple[Any, ...]]]:
    found = read_checkpoint(path, spec=SPEC)
    assert found is not None
    return found.place, {n: (a.dtype, a.shape, a.tobytes()) for n, a in found.arrays.items()}


def expected(value: float) -> tuple[Place, dict[str, tuple[Any, ...]]]:
    made = checkpoint(value)
    return made.place, {n: (a.dtype, a.shape, a.tobytes()) for n, a in made.arrays.items()}


def test_what_is_written_is_read(tmp_path: Path):
    """Every dtype, shape and bit comes back, NaN and bfloat16 included."""
    path = tmp_path / "run.ckpt"

    write_checkpoint(path, checkpoint(NEW))

    assert contents(path) == expected(NEW)
    found = read_checkpoint(path, spec=SPEC)
    assert found is not None
    assert np.isnan(found.callbacks["early_stopping"]["best"])
    assert names(tmp_path) == ["run.ckpt"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_checkpoint_is_no_error(tmp_path: Path):
    """The first attempt begins at the beginning."""
    assert read_checkpoint(tmp_path / "run.ckpt", spec=SPEC) is None


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path):
    """A mixed-up file must never be trained on."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(OLD, replace(SPEC, run_id=UUID(int=9))))

    with pytest.raises(CheckpointError, match="belongs to run"):
        read_checkpoint(path, spec=SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"batch_size": 9},
        {"scaling": "standard"},
        {"fold": 1},
        {"schedule": LearningRateSchedule("constant")},
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, change: dict[str, Any]):
    """Half a run with one batch size and half with another would be neither."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(OLD))

    with pytest.raises(CheckpointError, match="other settings"):
        read_checkpoint(path, spec=replace(SPEC, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"total_epochs": 9},
        {"tags": ("a",)},
        {"name": "b"},
        {"resources": Resources(2)},
        {"checkpoints": CheckpointPolicy(every=2)},
        {"priority": 3},
        {"origin": Origin(UUID(int=9), "best")},
    ],
)
def test_what_changes_no_bit_may_change(tmp_path: Path, change: dict[str, Any]):
    """A run can be renamed, tagged and extended."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(OLD))

    assert read_checkpoint(path, spec=replace(SPEC, **change)) is not None


def test_no_damaged_byte_is_ever_trained_on(tmp_path: Path):
    """Each byte of the file flipped in turn: refused, or of no consequence."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(NEW))
    whole, intact = path.read_bytes(), contents(path)

    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            assert contents(path) == intact
        except CheckpointError:
            refused += 1

    assert refused > len(whole) / 2


def test_a_torn_file_is_refused(tmp_path: Path):
    """A file cut anywhere is no checkpoint."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(NEW))
    whole = path.read_bytes()

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path, spec=SPEC)


class Killed(BaseException):
    """Stands for SIGKILL: nothing that catches errors catches it."""


class MortalSteps(FileSteps):
    """Dies at the n-th operation on the file system, a write having been made by half."""

    def __init__(self, dies_at: int) -> None:
        self.operations: list[str] = []
        self._dies_at = dies_at

    def count(self, operation: str) -> None:
        self.operations.append(operation)
        if len(self.operations) == self._dies_at:
            raise Killed

    def create(self, path: Path) -> BinaryIO:
        self.count("create")
        return MortalFile(super().create(path), self)  # type: ignore[return-value]

    def sync(self, file: BinaryIO) -> None:
        self.count("sync")
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        self.count("rename")
        super().rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        self.count("link")
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        self.count("unlink")
        super().unlink(path)

    def sync_folder(self, folder: Path) -> None:
        self.count("sync_folder")
        super().sync_folder(folder)


class MortalFile:
    """A file whose every write counts."""

    def __init__(self, file: BinaryIO, steps: MortalSteps) -> None:
        self._file, self._steps = file, steps

    def write(self, content: Any) -> int:
        whole = bytes(content)
        self._file.write(whole[: len(whole) // 2])
        self._file.flush()
        self._steps.count("write")
        return len(whole[: len(whole) // 2]) + self._file.write(whole[len(whole) // 2 :])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> MortalFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def deaths(write: Callable[[FileSteps], None]) -> Iterator[tuple[int, MortalSteps]]:
    """Let `write` die at its first operation, at its second, and so on until it lives."""
    for dies_at in range(1, 10_000):
        steps = MortalSteps(dies_at)
        try:
            write(steps)
        except Killed:
            yield dies_at, steps
        else:
            return


def test_a_kill_at_any_operation_leaves_the_old_or_the_new_state(tmp_path: Path):
    """Never a mix, never nothing; and the new one stands as soon as it is renamed."""
    path = tmp_path / "run.ckpt"
    seen = set()

    for _, steps in deaths(lambda steps: write_checkpoint(path, checkpoint(NEW), steps)):
        value = NEW if "rename" in steps.operations[:-1] else OLD
        if path.exists():
            assert contents(path) == expected(value)
        else:
            assert value == OLD
        seen.add(steps.operations[-1])
        path.unlink(missing_ok=True)
        write_checkpoint(path, checkpoint(OLD))

    assert seen == {"create", "write", "sync", "rename", "sync_folder"}


def test_a_kill_at_any_operation_leaves_each_name_old_or_new(tmp_path: Path):
    """Kept under further names a moment is there under them as soon as the run goes on from it."""
    path, also = tmp_path / "last.ckpt", [tmp_path / "best.ckpt", tmp_path / "epoch-0001.ckpt"]
    write_checkpoint(path, checkpoint(OLD), also=also)
    seen = set()

    for _, steps in deaths(lambda steps: write_checkpoint(path, checkpoint(NEW), steps, also=also)):
        values = [contents(name)[0].elapsed_s for name in (path, *also)]
        assert set(values) <= {OLD, NEW}
        assert values[0] == OLD or set(values) == {NEW}
        seen.add(steps.operations[-1])
        write_checkpoint(path, checkpoint(OLD), also=also)

    assert seen == {"create", "write", "sync", "link", "rename", "unlink", "sync_folder"}


def test_a_kill_while_pruning_leaves_whole_checkpoints(tmp_path: Path):
    """The next attempt prunes the rest."""
    folder = CheckpointFolder(Home(tmp_path), SPEC.run_id, CheckpointPolicy(keep=1))
    for epoch in range(4):
        write_checkpoint(
            folder.path(f"epoch-{epoch:04}"), replace(checkpoint(OLD), place=Place(epoch, 0, epoch))
        )

    left = [len(folder.infos()) for _ in deaths(folder.prune)]

    assert left == [4, 3]
    assert [one.name for one in folder.infos()] == ["epoch-0003"]


def test_the_content_is_on_the_disk_before_it_gets_its_name(tmp_path: Path):
    """Without this order a power cut leaves an empty file under the right name."""
    steps = MortalSteps(dies_at=0)

    write_checkpoint(tmp_path / "run.ckpt", checkpoint(NEW), steps)

    order = [operation for operation in steps.operations if operation != "write"]
    assert order == ["create", "sync", "rename", "sync_folder"]
    assert steps.operations.index("sync") > max(i for i, o in enumerate(steps.operations) if o == "write")


def test_what_killed_writers_left_is_cleared_away(tmp_path: Path):
    """A run killed a thousand times does not fill the disk."""
    path = tmp_path / "run.ckpt"
    for _ in deaths(lambda steps: write_checkpoint(path, checkpoint(NEW), steps)):
        pass
    assert len(names(tmp_path)) > 5

    remove_leftovers(path)

    assert names(tmp_path) == ["run.ckpt"]


class FullDisk(FileSteps):
    def sync(self, file: BinaryIO) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_keeps_the_older_checkpoint(tmp_path: Path):
    """The error says so, and nothing is left aside to fill the disk further."""
    path = tmp_path / "run.ckpt"
    write_checkpoint(path, checkpoint(OLD))

    with pytest.raises(DiskFullError, match="No space left"):
        write_checkpoint(path, checkpoint(NEW), FullDisk())

    assert contents(path) == expected(OLD)
    assert names(tmp_path) == ["run.ckpt"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full_keeps_the_older_checkpoint(tmp_path: Path):
    """Errors of a real disk come from other calls than those of a pretended one."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        path = tmp_path / "run.ckpt"
        write_checkpoint(path, checkpoint(OLD))
        large = replace(checkpoint(NEW), arrays={"model/0": np.zeros(2**20, np.float32)})

        with pytest.raises(DiskFullError, match="No space left"):
            write_checkpoint(path, large)

        assert contents(path) == expected(OLD)
        assert names(tmp_path) == ["run.ckpt"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_spec_of_the_first_release_has_the_digest_it_had():
    """Else an update would refuse every checkpoint there is. The digest was computed by that release."""
    (path,) = OLD_RELEASE.glob("*.ckpt")
    spec = replace(
        SPEC,
        configuration=Configuration(NamedConf("Adam"), NamedConf("SparseCategoricalCrossentropy"), 0.01),
        seed=11,
        batch_size=32,
        total_epochs=4,
    )

    found = read_checkpoint(path, spec=spec)

    assert found is not None
    assert found.spec_digest == "fea558f417e813eb6fd7f81c3ceae3cd5fc0fbe50c8b359c5e9477a61f8c92b8"
    assert (found.place.epochs_done, found.place.batches_done, found.place.steps_done) == (1, 9, 25)
