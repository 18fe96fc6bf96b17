"""The folder of a run: listed, pruned, forked from, and moved from where the first release kept it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from checkpoint_kit import checkpoint, folder_in, info, write

from nntracker_ray.checkpoints.info import infos_as_fact, infos_of_fact
from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import CheckpointPolicy
from nntracker_ray.training.atomic_file import FileSteps, link_file
from nntracker_ray.training.checkpoint import read_any_checkpoint, write_checkpoint

OLD_RELEASE = Path(__file__).parents[2] / "data" / "checkpoints" / "release-0.1"


def names(folder):
    return [one.name for one in folder.infos()]


def test_a_list_says_what_each_checkpoint_is(tmp_path: Path):
    """One chooses from it where to fork and what to download."""
    folder = folder_in(tmp_path)
    write(folder, "epoch-0000", 10)
    path = write(folder, "last", 25, batches=5)

    first, last = folder.infos()

    assert (first.name, first.kind, first.epochs_done, first.steps_done) == ("epoch-0000", "epoch", 1, 10)
    assert (last.batches_done, last.bytes, last.metric, last.value) == (
        5,
        path.stat().st_size,
        "val_loss",
        0.04,
    )
    assert last.created_at.isoformat() == "2026-01-02T00:00:00+00:00"


def test_a_list_passes_through_the_database():
    """It is a fact of the run, so that people far from the disk see it."""
    infos = [info("best", 20), info("last", 30)]

    assert infos_of_fact(infos_as_fact(infos)) == infos
    assert infos_of_fact(None) == []


@pytest.mark.parametrize("name", ["", "..", "../last", "last.ckpt", "epoch-1", "pause-x", "a/b", "last\n"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str):
    """Names come from other people."""
    with pytest.raises(NotFoundError, match="is no checkpoint"):
        folder_in(tmp_path).path(name)


def test_one_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path):
    """The next try succeeds."""
    folder = folder_in(tmp_path)
    write(folder, "last")

    with pytest.raises(NotFoundError, match="there is: last"):
        folder.info("best")


def test_a_damaged_one_does_not_hide_the_others(tmp_path: Path):
    """A list must be there above all when something is wrong."""
    folder = folder_in(tmp_path)
    write(folder, "last")
    folder.path("best").write_bytes(b"torn")

    assert names(folder) == ["last"]


def test_pruning_obeys_the_policy(tmp_path: Path):
    """A long run does not fill the disk."""
    folder = folder_in(tmp_path, CheckpointPolicy(keep=1))
    for epoch in range(3):
        write(folder, f"epoch-{epoch:04}", 10 * (epoch + 1))
    write(folder, "last", 30)

    assert folder.prune() == ["epoch-0000", "epoch-0001"]
    assert names(folder) == ["epoch-0002", "last"]


def test_a_fork_keeps_its_beginning_whatever_becomes_of_the_parent(tmp_path: Path):
    """A parent may go on, prune or be deleted."""
    parent, fork = folder_in(tmp_path), folder_in(tmp_path, run=7)
    write(parent, "last", 10)

    kept = [parent.keep_for_fork("last", UUID(int=7)) for _ in range(2)]
    write(parent, "last", 20)
    parent.remove()

    assert {one.steps_done for one in kept} == {10}
    assert names(fork) == ["origin"]
    assert [one.steps_done for one in fork.infos()] == [10]
    assert not parent.folder.exists()


def test_what_the_first_release_left_is_taken_over(tmp_path: Path):
    """An update must not cost anybody the hours that a run has trained."""
    folder = folder_in(tmp_path)
    shutil.copytree(OLD_RELEASE, tmp_path / "checkpoints")

    assert folder.has()
    assert sorted(path.name for path in folder.folder.iterdir()) == ["best.npz", "last.ckpt"]
    assert [(one.name, one.epochs_done, one.batches_done) for one in folder.infos()] == [("last", 1, 9)]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [str(folder.run_id)]


class NoLinks(FileSteps):
    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_where_there_are_no_hard_links_the_content_is_copied(tmp_path: Path):
    """Some network file systems and memory cards have none."""
    folder = folder_in(tmp_path)
    also = [folder.path("best"), folder.path("epoch-0000")]

    write_checkpoint(folder.path("last"), checkpoint(10), NoLinks(), also=also)
    link_file(folder.path("last"), folder.path("origin"), NoLinks())

    assert names(folder) == ["best", "epoch-0000", "origin", "last"]
    assert len({path.stat().st_ino for path in folder.folder.iterdir()}) == 4


def test_several_names_cost_one_file(tmp_path: Path):
    """A run whose metric improves each epoch writes one file each epoch, not two."""
    folder = folder_in(tmp_path)

    write_checkpoint(folder.path("last"), checkpoint(10), also=[folder.path("best")])
    write_checkpoint(folder.path("last"), checkpoint(20), also=[folder.path("best")])

    assert folder.path("last").stat().st_ino == folder.path("best").stat().st_ino
    assert sorted(path.name for path in folder.folder.iterdir()) == ["best.ckpt", "last.ckpt"]
    found = read_any_checkpoint(folder.path("best"))
    assert found is not None
    assert found.place.steps_done == 20
