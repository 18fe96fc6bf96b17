"""A run that was deleted and submitted again has the old id; what the old one has left somewhere is not its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checkpoint_kit import SPEC, folder_in, write

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.remote_copies import RemoteCopies
from nntracker_ray.errors import NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.records import Origin
from nntracker_ray.remote import RemoteFolder

DELETED, NOW = 4, 9  # numbers that the database gave the run


def folder_of(run_no: int | None, home: Path) -> CheckpointFolder:
    return CheckpointFolder(Home(home), SPEC.run_id, run_no=run_no)


def steps(folder: CheckpointFolder) -> dict[str, int]:
    return {one.name: one.steps_done for one in folder.infos()}


def mixed(home: Path) -> CheckpointFolder:
    """A folder with one checkpoint of the deleted run and one of the run that has its id now."""
    folder = folder_of(NOW, home)
    write(folder, "epoch-0004", 50, run_no=DELETED)
    write(folder, "epoch-0000", 10, run_no=NOW)
    return folder


class TestAFolder:
    def test_has_only_what_is_the_runs_own(self, tmp_path: Path):
        """A list, a download or a fork must not offer weights of a run that nobody has any more."""
        folder = mixed(tmp_path)

        assert steps(folder) == {"epoch-0000": 10}
        assert [folder.has("epoch-0004"), folder.has("epoch-0000")] == [False, True]
        with pytest.raises(NotFoundError, match="there is: epoch-0000"):
            folder.keep_for_fork("epoch-0004", SPEC.experiment_id)

    def test_is_cleared_of_the_rest_when_the_run_begins(self, tmp_path: Path):
        """Else it would fill the disk, and count for what the policy keeps."""
        folder = mixed(tmp_path)

        assert folder.discard_others() == ["epoch-0004"]

        assert [path.stem for path in folder.folder.iterdir()] == ["epoch-0000"]

    @pytest.mark.parametrize("written", [{}, {"run_no": NOW}], ids=["before numbers were", "by this run"])
    def test_keeps_what_may_be_its_own(self, tmp_path: Path, written: dict[str, Any]):
        """An update of NNTracker must not throw away what was trained before it."""
        write(folder_of(NOW, tmp_path), "last", 20, **written)

        assert folder_of(NOW, tmp_path).discard_others() == []
        assert folder_of(NOW, tmp_path).has()

    def test_keeps_a_forks_origin_and_what_is_damaged(self, tmp_path: Path):
        """The origin has its parent's number and id; of a torn file whoever reads it says what is wrong."""
        fork = CheckpointFolder(Home(tmp_path), folder_in(tmp_path, run=7).run_id, run_no=NOW)
        write(fork, "origin", 20, run_no=DELETED)
        fork.path("last").write_bytes(b"torn")

        assert fork.discard_others() == []
        assert [fork.has("origin"), fork.has("last")] == [True, True]


class TestCopies:
    @pytest.fixture
    def copies(self, tmp_path: Path) -> RemoteCopies:
        return RemoteCopies(RemoteFolder(f"file://{tmp_path}/remote"), SPEC.run_id)

    def share(self, copies: RemoteCopies, folder: CheckpointFolder) -> None:
        infos = folder.infos()
        for info in infos:
            copies.put(info.name, folder.path(info.name))
        copies.put_list(infos)

    def test_of_a_deleted_run_are_removed_and_not_brought(self, tmp_path: Path, copies: RemoteCopies):
        """A trainer that was slow to end may have copied its last one after everything was removed."""
        old, new = folder_of(DELETED, tmp_path / "old"), folder_of(NOW, tmp_path / "new")
        write(old, "epoch-0004", 50, run_no=DELETED)
        write(old, "last", 50, run_no=DELETED)
        write(new, "last", 10, run_no=NOW)
        self.share(copies, old)

        assert copies.fetch_into(new) == []

        assert steps(new) == {"last": 10}
        assert copies.names() == set()
        assert [path.name for path in new.folder.iterdir()] == ["last.ckpt"]

    def test_take_the_place_of_what_a_deleted_run_left_here(self, tmp_path: Path, copies: RemoteCopies):
        """The old one may be much further; it counts for nothing."""
        elsewhere, here = folder_of(NOW, tmp_path / "elsewhere"), folder_of(NOW, tmp_path / "here")
        write(elsewhere, "last", 10, run_no=NOW)
        write(here, "last", 50, run_no=DELETED)
        self.share(copies, elsewhere)

        assert copies.fetch_into(here) == ["last"]

        assert steps(here) == {"last": 10}

    def test_of_a_parents_successor_are_no_forks_beginning(self, tmp_path: Path, copies: RemoteCopies):
        """They belong to the run that has the parent's id now, which keeps them."""
        successor, fork = folder_of(NOW, tmp_path / "there"), folder_in(tmp_path / "here", run=7)
        write(successor, "last", 50, run_no=NOW)
        self.share(copies, successor)
        of_fork = RemoteCopies(RemoteFolder(f"file://{tmp_path}/remote"), fork.run_id)

        assert not of_fork.fetch_origin(Origin(SPEC.run_id, "last", DELETED), fork)
        assert of_fork.fetch_origin(Origin(SPEC.run_id, "last", NOW), fork)
        assert copies.names() == {"last"}
