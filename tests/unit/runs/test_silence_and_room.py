"""When silence means death, when a disk has room again, and what not enough memory looks like."""

from __future__ import annotations

import errno
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from nntracker_ray.answering import Answering
from nntracker_ray.disk_room import (
    ROOM_FOR_RECORDS,
    ROOM_WITHOUT_CHECKPOINT,
    is_disk_full,
    room_free,
    room_needed,
)
from nntracker_ray.errors import ModelError, SpoolError
from nntracker_ray.home import Home
from nntracker_ray.memory_use import (
    MemoryDeaths,
    begin_peak,
    is_out_of_memory,
    memory_error,
    peak_rss_bytes,
    tells_of_memory,
)

RUN = UUID(int=7)


def test_silence_counts_only_while_the_database_has_answered():
    """After an outage every trainer has been silent; they get the time to speak first."""
    answering = Answering(longest_gap_s=12.0)

    before = [answering.answered(now_s=now) for now in (0.0, 5.0, 10.0)]
    answering.was_away()
    after = [answering.answered(now_s=now) for now in (40.0, 45.0)]

    assert before == [0.0, 5.0, 10.0]
    assert after == [0.0, 5.0]


def test_a_manager_that_slept_begins_to_count_anew():
    """A frozen manager, or one that waited for its connection, has not listened."""
    answering = Answering(longest_gap_s=12.0)
    answering.answered(now_s=0.0)
    answering.answered(now_s=10.0)

    assert answering.answered(now_s=60.0) == 0.0


def test_a_full_disk_is_known_however_deep_it_lies():
    """Our own errors wrap the one of the system."""
    full = OSError(errno.ENOSPC, "No space left on device")
    wrapped = SpoolError("the spool cannot be used")
    wrapped.__cause__ = full

    assert is_disk_full(full)
    assert is_disk_full(wrapped)
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    assert not is_disk_full(None)


def test_a_held_run_waits_for_twice_its_last_checkpoint(tmp_path: Path):
    """The old one stays while the new one is written."""
    home = Home(tmp_path)
    without = room_needed(home, RUN)
    folder = home.checkpoints / str(RUN)
    folder.mkdir(parents=True)
    (folder / "last.ckpt").write_bytes(bytes(1000))

    assert without == ROOM_WITHOUT_CHECKPOINT
    assert room_needed(home, RUN) == 2000 + ROOM_FOR_RECORDS
    assert room_free(home) > 0


def test_the_peak_of_memory_is_that_of_the_run_at_hand():
    """A worker trains one run after the other; the largest must not be blamed on the last."""
    block = np.ones(40 * 2**20, np.uint8)
    high = peak_rss_bytes()
    del block
    begin_peak()
    again = np.ones(2**20, np.uint8)

    assert high > 40 * 2**20
    assert again.size <= peak_rss_bytes() <= high


@pytest.mark.parametrize(
    "error", [MemoryError(), np._core._exceptions._ArrayMemoryError((9,), np.dtype(float))]
)
def test_python_and_numpy_say_that_memory_is_out(error: BaseException):
    """Each in its own way."""
    wrapped = ModelError("the model cannot be built")
    wrapped.__cause__ = error

    assert is_out_of_memory(error)
    assert is_out_of_memory(wrapped)
    assert not is_out_of_memory(ValueError("memory"))


def test_ray_says_that_it_killed_a_worker_for_its_memory():
    """Its error says so in words only once it has passed through Tune."""
    assert tells_of_memory(
        "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory."
    )
    assert not tells_of_memory("The actor died unexpectedly: SIGKILL")
    assert "memory: the peak of its process was 512 MiB" in memory_error("Killed.", 512 * 2**20)


def test_of_those_ended_for_memory_only_the_largest_is_to_blame():
    """Ray ends several at once; a small run must not fail for the greed of its neighbour."""
    deaths = MemoryDeaths()

    verdicts = [
        deaths.is_to_blame(1_000, [9_000], now_s=0.0),
        deaths.is_to_blame(9_000, [], now_s=0.1),
        deaths.is_to_blame(2_000, [], now_s=0.2),
        deaths.is_to_blame(2_000, [], now_s=60.0),
    ]

    assert verdicts == [False, True, False, True]
