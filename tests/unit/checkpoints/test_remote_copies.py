"""Checkpoints where other machines find them: only what the database has, the newest, and never instead of training."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from checkpoint_kit import SPEC, folder_in, write

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.mirror import Mirror
from nntracker_ray.checkpoints.remote_copies import RemoteCopies, remote_of
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy, Origin
from nntracker_ray.remote import RemoteFolder

WAIT_S = 20.0


@pytest.fixture
def copies(tmp_path: Path) -> RemoteCopies:
    return RemoteCopies(RemoteFolder(f"file://{tmp_path}/remote"), SPEC.run_id)


def names(folder):
    return {one.name: one.steps_done for one in folder.infos()}


def numbered(home: Path, run_no: int) -> CheckpointFolder:
    """The folder of a run of which the database's number is known."""
    return CheckpointFolder(Home(home), SPEC.run_id, run_no=run_no)


def mirrored(folder, copies, drained=lambda _: True) -> bool:
    """One turn of a mirror."""
    mirror = Mirror(folder, copies, drained)
    mirror.offer()
    return mirror.close(WAIT_S)


def test_another_machine_goes_on_from_the_copies(tmp_path: Path, copies: RemoteCopies):
    """The machine that trained the run is gone, with its disk."""
    here, there = folder_in(tmp_path / "here"), folder_in(tmp_path / "there")
    write(here, "epoch-0000", 10)
    write(here, "last", 25)

    assert mirrored(here, copies)
    fetched = copies.fetch_into(there)

    assert fetched == ["epoch-0000", "last"]
    assert names(there) == names(here) == {"epoch-0000": 10, "last": 25}


def test_who_is_further_is_believed(tmp_path: Path, copies: RemoteCopies):
    """An older copy must not throw a run back, and a machine left behind must catch up."""
    front, back = folder_in(tmp_path / "front"), folder_in(tmp_path / "back")
    write(front, "last", 40)
    write(back, "last", 20)
    assert mirrored(back, copies)

    assert copies.fetch_into(front) == []
    assert mirrored(front, copies)
    assert copies.fetch_into(back) == ["last"]
    assert names(back) == {"last": 40}


def test_what_is_further_there_is_not_replaced(tmp_path: Path, copies: RemoteCopies):
    """A machine that could not fetch it has begun again; fifty epochs must not be lost for its first one."""
    front, back = folder_in(tmp_path / "front"), folder_in(tmp_path / "back")
    write(front, "last", 40)
    write(front, "best", 20)
    assert mirrored(front, copies)
    write(back, "last", 11)
    write(back, "best", 10)

    assert not mirrored(back, copies)

    copies.fetch_into(there := folder_in(tmp_path / "there"))
    assert names(there) == {"best": 20, "last": 40}
    write(back, "last", 50)
    assert mirrored(back, copies)
    assert copies.steps_done() == 50


def test_copies_of_a_deleted_run_of_the_same_id_are_replaced(tmp_path: Path, copies: RemoteCopies):
    """Its forty steps are not this run's."""
    deleted, again = (numbered(tmp_path / str(number), number) for number in (1, 2))
    write(deleted, "last", 40, run_no=1)
    write(again, "last", 11, run_no=2)
    assert mirrored(deleted, copies)

    assert mirrored(again, copies)

    assert (copies.steps_done(1), copies.steps_done(2)) == (-1, 11)


def test_nothing_goes_out_before_the_database_has_what_it_covers(tmp_path: Path, copies: RemoteCopies):
    """The spool may be lost with the machine: its epochs must be trained again then."""
    folder = folder_in(tmp_path)
    write(folder, "last")

    assert not mirrored(folder, copies, drained=lambda _: False)
    assert copies.names() == set()
    assert mirrored(folder, copies, drained=lambda _: True)
    assert copies.names() == {"last"}


def test_what_is_copied_is_what_was_acknowledged(tmp_path: Path, copies: RemoteCopies):
    """Training replaces the file while the database is waited for."""
    folder, there = folder_in(tmp_path / "here"), folder_in(tmp_path / "there")
    write(folder, "last", 10)
    asked = []

    def replaced_meanwhile(_: float) -> bool:
        if not asked:
            write(folder, "last", 20)
        asked.append(True)
        return len(asked) == 1

    mirrored(folder, copies, drained=replaced_meanwhile)
    copies.fetch_into(there)

    assert names(there) == {"last": 10}
    assert not list(folder.folder.glob(".*"))


def test_what_is_no_longer_kept_goes_there_as_well(tmp_path: Path, copies: RemoteCopies):
    """The limits of the policy hold in both places."""
    folder = folder_in(tmp_path, CheckpointPolicy(keep=1))
    mirror = Mirror(folder, copies, lambda _: True)
    write(folder, "epoch-0000", 10)
    mirror.offer()
    until(lambda: copies.names() == {"epoch-0000"})

    write(folder, "epoch-0001", 20)
    folder.prune()
    mirror.offer()

    assert mirror.close(WAIT_S)
    assert copies.names() == {"epoch-0001"}


def test_a_place_that_is_away_is_told_and_tried_again(tmp_path: Path):
    """Nobody finds out only when the machine is gone; and nobody has to do anything when it is back."""
    blocked = tmp_path / "remote"
    blocked.write_text("not a folder")
    folder, copies = folder_in(tmp_path), RemoteCopies(RemoteFolder(str(blocked)), SPEC.run_id)
    write(folder, "last")
    mirror = Mirror(folder, copies, lambda _: True)

    mirror.offer()
    until(lambda: mirror.trouble is not None)
    assert "not copied" in str(mirror.trouble)
    blocked.unlink()
    until(lambda: mirror.trouble is None)

    assert mirror.close(WAIT_S)
    assert copies.names() == {"last"}


def test_a_fork_finds_its_beginning_among_its_parents_copies(tmp_path: Path, copies: RemoteCopies):
    """It may be trained where the parent never was."""
    parent, fork = folder_in(tmp_path / "here"), folder_in(tmp_path / "there", run=7)
    write(parent, "epoch-0000", 10)
    assert mirrored(parent, copies)
    of_fork = RemoteCopies(RemoteFolder(f"file://{tmp_path}/remote"), fork.run_id)

    assert of_fork.fetch_origin(Origin(SPEC.run_id, "epoch-0000"), fork)
    assert not of_fork.fetch_origin(Origin(SPEC.run_id, "best"), fork)
    assert names(fork) == {"origin": 10}


def test_copies_go_where_the_run_says_or_where_the_platform_says(tmp_path: Path, monkeypatch):
    """And nowhere by default."""
    monkeypatch.delenv("NNTRACKER_SHARED", raising=False)
    assert remote_of(CheckpointPolicy()) is None

    monkeypatch.setenv("NNTRACKER_SHARED", f"{tmp_path}/shared")
    shared, own = remote_of(CheckpointPolicy()), remote_of(CheckpointPolicy(location="s3://bucket/runs"))

    assert shared is not None
    assert own is not None
    assert (shared.uri, own.uri) == (f"{tmp_path}/shared", "s3://bucket/runs")


def until(condition) -> None:
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)
