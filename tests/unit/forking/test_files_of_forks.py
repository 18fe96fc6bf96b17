"""A fork's beginning is kept where its trainer will find it, or the person hears that it cannot be."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.mirror import Mirror
from nntracker_ray.checkpoints.remote_copies import RemoteCopies
from nntracker_ray.errors import ConflictError
from nntracker_ray.fork_files import ForkFiles
from nntracker_ray.forking import Beginning
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy, Origin, RunSpec
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.time_limit import TimeLimit
from nntracker_ray.training.checkpoint import Checkpoint, Place, write_checkpoint
from tests.sample_runs import sample_spec

PARENT, FORK = UUID(int=1), UUID(int=7)
WAIT_S = 20.0


@pytest.fixture
def here(tmp_path: Path) -> Home:
    return Home(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Home:
    return Home(tmp_path / "there")


@pytest.fixture
def remote(tmp_path: Path) -> RemoteFolder:
    return RemoteFolder(f"{tmp_path}/remote")


def save(home: Home, epochs: int, *, run_no: int = 3) -> CheckpointFolder:
    """The parent's last checkpoint on this disk."""
    folder = CheckpointFolder(home, PARENT, run_no=run_no)
    checkpoint = Checkpoint(PARENT, "", Place(epochs_done=epochs, steps_done=10 * epochs), {}, run_no=run_no)
    write_checkpoint(folder.path("last"), checkpoint)
    return folder


def mirror(folder: CheckpointFolder, remote: RemoteFolder) -> None:
    copying = Mirror(folder, RemoteCopies(remote, PARENT), lambda _: True)
    copying.offer()
    assert copying.close(WAIT_S)


def fork_of(remote: RemoteFolder | None) -> RunSpec:
    policy = CheckpointPolicy(location=remote.uri if remote else None)
    return sample_spec(run_id=FORK, origin=Origin(PARENT, "last", 3), checkpoints=policy)


def on_another_machine(remote: RemoteFolder, home: Home) -> int | None:
    """How far the fork's beginning is that a node fetches which has nothing."""
    folder = CheckpointFolder(home, FORK)
    RemoteCopies(remote, FORK).fetch_into(folder)
    return folder.info("origin").epochs_done if folder.has("origin") else None


def test_the_copy_of_another_machine_is_kept_as_it_was(here: Home, there: Home, remote: RemoteFolder):
    """The command is given on a head that trains nothing; the parent goes on a second later."""
    mirror(save(there, 2), remote)
    place = ForkFiles(here).keep(fork_of(remote))
    mirror(save(there, 4), remote)

    assert place == Beginning("last", 2, 0, 20)
    assert on_another_machine(remote, there) == 2
    assert not here.checkpoints.exists()


def test_what_lies_here_is_kept_for_other_machines_too(here: Home, there: Home, remote: RemoteFolder):
    """A hard link on the head is nothing that a node could find."""
    save(here, 2)

    assert ForkFiles(here).keep(fork_of(remote)) == Beginning("origin", 2, 0, 20)
    save(here, 4)

    assert on_another_machine(remote, there) == 2
    assert CheckpointFolder(here, FORK).info("origin").epochs_done == 2


@pytest.mark.parametrize(("epochs_here", "kept"), [(1, 2), (3, 3)])
def test_of_two_the_further_one_is_kept(
    here: Home, there: Home, remote: RemoteFolder, epochs_here: int, kept: int
):
    """The parent began on this machine, and has gone on elsewhere; or its newest copy is still on its way."""
    mirror(save(there, 2), remote)
    save(here, epochs_here)

    place = ForkFiles(here).keep(fork_of(remote))

    assert place is not None
    assert place.epochs_done == on_another_machine(remote, there) == kept


def test_what_is_nowhere_is_refused(here: Home, there: Home, remote: RemoteFolder):
    """Also where a deleted run of the parent's id has left a copy: that is not the parent's."""
    mirror(save(there, 2, run_no=1), remote)

    with pytest.raises(ConflictError, match="'last' cannot be kept: it is neither on this machine nor"):
        ForkFiles(here).keep(fork_of(remote))
    assert on_another_machine(remote, there) is None


def test_a_place_that_is_away_is_a_refusal(here: Home, tmp_path: Path):
    """The link on this disk would be of no use where the fork is trained, and goes again."""
    (tmp_path / "remote").write_text("not a folder")
    save(here, 2)

    with pytest.raises(ConflictError, match="cannot be kept: cannot write"):
        ForkFiles(here).keep(fork_of(RemoteFolder(f"{tmp_path}/remote")))
    assert not CheckpointFolder(here, FORK).folder.exists()


def test_a_place_that_takes_too_long_is_a_refusal(here: Home, there: Home, remote: RemoteFolder):
    """The parents' trainers cannot make themselves heard while the command waits."""
    mirror(save(there, 2), remote)

    with pytest.raises(ConflictError, match="could not be copied within 0 s"):
        ForkFiles(here, limit_s=0).keep(fork_of(remote))


def test_a_copy_that_leaves_no_epoch_is_a_refusal(here: Home, there: Home, remote: RemoteFolder):
    """The parent has come to its end since it told what it keeps."""
    mirror(save(there, 4), remote)

    with pytest.raises(ConflictError, match="nothing is left to train"):
        ForkFiles(here).keep(fork_of(remote))
    assert on_another_machine(remote, there) is None


def test_without_a_common_place_only_this_disk_is_looked_at(here: Home, monkeypatch: pytest.MonkeyPatch):
    """On one machine that is all there is; on a desk with nothing but the database's address it is nothing."""
    monkeypatch.delenv("NNTRACKER_SHARED", raising=False)

    assert ForkFiles(here).keep(fork_of(None)) is None
    save(here, 2)
    assert ForkFiles(here).keep(fork_of(None)) == Beginning("origin", 2, 0, 20)
    assert ForkFiles(here).keep(replace(fork_of(None), origin=None)) is None


def test_what_never_ends_is_waited_for_only_so_long():
    """A network that swallows everything raises nothing."""
    never, limit = threading.Event(), TimeLimit(0.05)

    assert limit.call(lambda: 3) == 3
    for _ in range(2):
        with pytest.raises(TimeoutError):
            limit.call(never.wait)
    never.set()
