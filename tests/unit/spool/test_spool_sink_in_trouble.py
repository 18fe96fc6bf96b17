"""What the spooling sink alone promises: nothing is lost while database, disk or process are gone."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time

import pytest

from nntracker_ray.delivery import Gaps, drain_orphans
from nntracker_ray.errors import StaleAttemptError
from nntracker_ray.intake import Intake, SinkLimits
from nntracker_ray.records import Capture, MetricArray, MetricPoint, Progress, RunFact
from nntracker_ray.spool import orphaned
from tests.unit.spool.sink_kit import NOW, PATIENCE_S, Table, capture, look, point, spool_sink


def wait_until(condition):
    end_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.01)
    assert condition()


def test_records_are_safe_in_the_spool_while_the_database_is_away(tmp_path):
    """Flush answers for the disk, drain for the database; a checkpoint needs only the first."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table)
    sink.record(*map(point, range(10)))

    assert sink.flush(PATIENCE_S)
    assert not sink.drain(0.2)
    assert "away" in sink.trouble
    table.is_there.set()

    assert sink.drain(PATIENCE_S)
    assert table.epochs == list(range(10))
    assert sink.trouble is None
    sink.close(PATIENCE_S)


def test_what_close_could_not_deliver_is_adopted_later(tmp_path):
    """A trainer that ends during an outage leaves its spool to the run manager."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table)
    sink.record(*map(point, range(10)), capture(9))
    sink.close(0.1)
    table.is_there.set()

    assert drain_orphans(tmp_path, table) > 0

    assert table.epochs == list(range(10))
    assert isinstance(table.records[-1], Capture)
    assert list(tmp_path.iterdir()) == []


def test_adoption_gives_up_when_the_database_stays_away(tmp_path):
    """The platform starts without waiting for ever, and the records wait for the next start."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table)
    sink.record(point(0))
    sink.close(0.1)

    assert drain_orphans(tmp_path, table, timeout_s=0.2) == 0

    assert [(name.run_no, name.attempt) for name in orphaned(tmp_path)] == [(7, 2)]


def test_an_attempt_that_starts_again_delivers_what_it_left(tmp_path):
    """A worker restarted under the same lease finds its own spool and goes on behind it."""
    table = Table()
    table.is_there.clear()
    first = spool_sink(tmp_path, table)
    first.record(point(0))
    first.close(0.1)
    table.is_there.set()

    second = spool_sink(tmp_path, table)
    second.record(point(1))

    assert second.drain(PATIENCE_S)
    assert table.epochs == [0, 1]
    second.close(PATIENCE_S)


def test_a_newer_attempt_ends_the_sending(tmp_path):
    """Two trainers of one run must not argue in the database: the older one falls silent."""
    table = Table([StaleAttemptError("attempt 3 holds the lease")])
    sink = spool_sink(tmp_path, table)
    sink.record(point(0))

    wait_until(lambda: sink.stale)
    sink.record(point(1))

    assert not sink.drain(PATIENCE_S)
    sink.close(PATIENCE_S)
    assert (table.calls, table.records) == (1, [])
    assert list(tmp_path.iterdir()) == []


def test_one_poisonous_record_costs_only_itself_and_leaves_a_mark(tmp_path):
    """The 999 good neighbours of a value that the database refuses are not its accomplices."""
    table = Table()
    table.refuses = lambda record: isinstance(record, MetricPoint) and record.epoch == 137
    sink = spool_sink(tmp_path, table)
    sink.record(*map(point, range(300)))
    sink.close(PATIENCE_S)

    assert sorted(table.epochs) == [epoch for epoch in range(300) if epoch != 137]
    [mark] = [record for record in table.records if isinstance(record, RunFact)]
    assert mark.key == "recording_gaps_attempt_2"
    assert mark.value["records_refused"]["count"] == 1
    assert mark.value["records_refused"]["epochs"] == [137, 137]
    assert "out of range" in mark.value["records_refused"]["why"]


def test_a_record_that_cannot_be_written_down_costs_only_itself(tmp_path):
    """A subscriber that reports an object instead of a number must not end the recording."""
    table = Table()
    sink = spool_sink(tmp_path, table)
    sink.record(point(0), RunFact("broken", object()), point(1))
    sink.close(PATIENCE_S)

    assert table.epochs == [0, 1]
    assert table.records[-1].value["records_refused"]["count"] == 1


def test_captures_are_thinned_with_a_mark_when_the_spool_is_full(tmp_path):
    """A long outage costs weights first, numbers never, and the user is told which epochs are missing."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table, limits=SinkLimits(spool_bytes=5_000))
    for epoch in range(20):
        sink.record(point(epoch), capture(epoch, values=300))
        assert sink.flush(PATIENCE_S)
    table.is_there.set()
    sink.close(PATIENCE_S)

    kept = [record.epoch for record in table.records if isinstance(record, Capture)]
    mark = [record for record in table.records if isinstance(record, RunFact)][-1].value["captures_thinned"]
    assert table.epochs == list(range(20))
    assert 0 < len(kept) < 20
    assert mark["count"] == 20 - len(kept)
    assert mark["epochs"] == [max(kept) + 1, 19]


def test_captures_go_before_arrays_of_metrics_and_both_before_numbers(tmp_path):
    """Of a long outage first the weights are lost, then what was seen of them, the curves never."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table, limits=SinkLimits(spool_bytes=5_000))
    for epoch in range(20):
        sink.record(point(epoch), capture(epoch, values=100), look(epoch, values=50))
        assert sink.flush(PATIENCE_S)
    table.is_there.set()
    sink.close(PATIENCE_S)

    captured = [record.epoch for record in table.records if isinstance(record, Capture)]
    looked = [record.epoch for record in table.records if isinstance(record, MetricArray)]
    gaps = [record for record in table.records if isinstance(record, RunFact)][-1].value
    assert table.epochs == list(range(20))
    assert 0 < len(captured) < len(looked) < 20
    assert gaps["metric_arrays_thinned"]["count"] == 20 - len(looked)
    assert gaps["metric_arrays_thinned"]["epochs"] == [max(looked) + 1, 19]
    assert gaps["captures_thinned"]["count"] == 20 - len(captured)


def test_arrays_that_wait_in_memory_are_bounded_each_kind_by_itself():
    """A capture of a large network, still to be written down, must not cost what was seen inside it."""
    gaps = Gaps(attempt=1)
    intake = Intake(SinkLimits(memory_bytes=1_000), gaps)
    for epoch in range(4):
        intake.add(capture(epoch, values=200))
        intake.add(look(epoch, values=50))
        intake.add(point(epoch))

    first, _ = intake.next_frame()
    intake.add(look(4, values=100))
    then, _ = intake.next_frame()

    assert [type(record).__name__ for record in first] == [
        *("Capture", "MetricArray", "MetricPoint", "MetricArray", "MetricPoint"),
        *("MetricPoint", "MetricPoint"),
    ]
    assert [record.epoch for record in then] == [4]
    counts = {name: gap["count"] for name, gap in gaps.fact().value.items()}
    assert counts == {"captures_thinned": 3, "metric_arrays_thinned": 2}


@pytest.fixture
def full_disk(monkeypatch):
    really_write = os.pwritev
    full = threading.Event()

    def write(descriptor, parts, offset):
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_write(descriptor, parts, offset)

    monkeypatch.setattr(os, "pwritev", write)
    return full


def test_a_full_disk_does_not_stop_the_recording(tmp_path, full_disk):
    """Records go from memory to the database; only the safety net is gone, and flush says so."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table)
    sink.record(point(0))
    assert sink.flush(PATIENCE_S)
    full_disk.set()
    sink.record(point(1), capture(1))

    assert not sink.flush(0.3)
    assert "No space left" in sink.trouble
    table.is_there.set()

    assert sink.drain(PATIENCE_S)
    assert table.epochs == [0, 1]
    sink.close(PATIENCE_S)


def test_records_return_to_the_spool_when_space_is_freed(tmp_path, full_disk):
    """The net is stretched again by itself, in order, while the database is still away."""
    table = Table()
    table.is_there.clear()
    sink = spool_sink(tmp_path, table)
    full_disk.set()
    sink.record(*map(point, range(5)))
    assert not sink.flush(0.2)
    full_disk.clear()

    assert sink.flush(PATIENCE_S)
    sink.record(point(5))
    sink.close(0.1)
    table.is_there.set()
    drain_orphans(tmp_path, table)
    assert table.epochs == list(range(6))


def test_memory_is_bounded_when_disk_and_database_are_both_gone(tmp_path, full_disk):
    """The training must not be killed for memory because nobody listens; what was left out is marked."""
    table = Table()
    table.is_there.clear()
    full_disk.set()
    sink = spool_sink(tmp_path, table, limits=SinkLimits(memory_bytes=20_000))
    for epoch in range(3_000):
        sink.record(point(epoch))
        if epoch % 500 == 0:
            sink.flush(0.1)
    sink.record(Progress(3_000, 45_000, NOW))
    table.is_there.set()
    full_disk.clear()
    sink.close(PATIENCE_S)

    [*_, mark] = [record for record in table.records if isinstance(record, RunFact)]
    dropped = mark.value["records_dropped"]["count"]
    assert 0 < dropped < 3_000
    assert len(set(table.epochs)) == 3_000 - dropped  # the one under way may come twice
    assert any(isinstance(record, Progress) for record in table.records)


PRODUCER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import MetricPoint
from nntracker_ray.sinks import SpoolSink

def away(run_no, attempt, payload):
    raise DatabaseAwayError("away")

sink = SpoolSink(Path(sys.argv[1]), run_no=7, attempt=2, deliver=away)
for epoch in range(20_000):
    sink.record(MetricPoint("loss", epoch, epoch, epoch / 7, datetime.now(UTC)))
print(sink.flush(30.0), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_producer_killed_after_flush_loses_nothing(tmp_path):
    """Flush before a checkpoint is what makes the checkpoint and the table agree after a kill."""
    ended = subprocess.run(
        [sys.executable, "-c", PRODUCER, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (-9, "True\n")
    table = Table()

    drain_orphans(tmp_path, table)

    assert table.epochs == list(range(20_000))
    assert [record.value for record in table.records] == [epoch / 7 for epoch in range(20_000)]
