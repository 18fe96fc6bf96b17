"""What an attempt fetches from other machines at its beginning, and whether it may copy anything there."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from checkpoint_kit import SPEC, folder_in, write

from nntracker_ray.checkpoints.mirror import Mirror
from nntracker_ray.checkpoints.remote_copies import RemoteCopies
from nntracker_ray.disk_room import is_disk_full
from nntracker_ray.leased_run import _FencedSink
from nntracker_ray.records import CheckpointPolicy, RunSpec
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.sinks import MemorySink
from nntracker_ray.training.elsewhere import Elsewhere
from nntracker_ray.training.recorder import GuardedSink

WAIT_S = 20.0


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Where copies go; another machine has left one of step 50."""
    place = tmp_path / "remote"
    other = folder_in(tmp_path / "other")
    write(other, "last", 50)
    mirror = Mirror(other, RemoteCopies(RemoteFolder(str(place)), SPEC.run_id), lambda _: True)
    mirror.offer()
    assert mirror.close(WAIT_S)
    return place


def spec_of(remote: Path) -> RunSpec:
    return replace(SPEC, checkpoints=CheckpointPolicy(location=str(remote)))


def keep_away(remote: Path) -> Callable[[], None]:
    """Let nobody list the copies. Returns what ends that."""
    folder = remote / "checkpoints" / str(SPEC.run_id)
    away = folder.rename(remote / "away")
    folder.write_text("not a folder")

    def come_back() -> None:
        folder.unlink()
        away.rename(folder)

    return come_back


def begun(remote: Path, home: Path, *, overtaken: bool = False, asked: bool = False) -> Elsewhere:
    """What an attempt on this machine does first."""
    flags = threading.Event(), threading.Event()
    for flag, is_set in zip(flags, (overtaken, asked), strict=True):
        if is_set:
            flag.set()
    sink = GuardedSink(_FencedSink(MemorySink(), flags[0]))
    return Elsewhere(spec_of(remote), folder_in(home), sink, unwanted=flags[1])


def test_an_attempt_waits_for_what_other_machines_have(remote: Path, tmp_path: Path):
    """A second without the network must not cost fifty epochs."""
    come_back = keep_away(remote)
    timer = threading.Timer(0.3, come_back)
    timer.start()

    elsewhere = begun(remote, tmp_path / "here")

    timer.join()
    assert elsewhere.trouble is None
    assert folder_in(tmp_path / "here").info("last").steps_done == 50


def test_an_attempt_that_should_leave_does_not_wait(remote: Path, tmp_path: Path):
    """A person who pauses it has seconds; what is further there stays there."""
    come_back = keep_away(remote)

    elsewhere = begun(remote, tmp_path / "here", asked=True)

    assert "could not be fetched" in str(elsewhere.trouble)
    come_back()
    write(folder_in(tmp_path / "here"), "last", 1)
    elsewhere.offer()
    elsewhere.close()
    assert RemoteCopies(RemoteFolder(str(remote)), SPEC.run_id).steps_done() == 50


def test_an_overtaken_attempt_copies_nothing(remote: Path, tmp_path: Path):
    """It was frozen for a minute; what another machine has made since is what counts."""
    elsewhere = begun(remote, tmp_path / "here", overtaken=True)
    write(folder_in(tmp_path / "here"), "last", 60)

    elsewhere.offer()
    elsewhere.close()

    assert RemoteCopies(RemoteFolder(str(remote)), SPEC.run_id).steps_done() == 50


def test_a_full_disk_is_not_taken_for_a_place_that_is_away(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The run pauses until there is room, instead of beginning again at nothing."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file")  # what pyarrow says then

    monkeypatch.setattr("nntracker_ray.remote._copy", full)

    with pytest.raises(OSError, match="Error writing") as caught:
        begun(remote, tmp_path / "here")

    assert is_disk_full(caught.value)
