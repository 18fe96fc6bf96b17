"""The promises of `RecordSink`, kept by every sink."""

from __future__ import annotations

import pytest

from nntracker_ray.errors import DatabaseAwayError, SpoolError
from nntracker_ray.records import Progress, RunFact
from nntracker_ray.sinks import MemorySink
from tests.unit.spool.sink_kit import NOW, PATIENCE_S, Table, capture, look, point, spool_sink


def memory_sink(folder):
    sink = MemorySink()
    return sink, lambda: sink.records


def reliable_spool_sink(folder):
    table = Table()
    return spool_sink(folder, table), lambda: table.records


def unreliable_spool_sink(folder):
    table = Table([DatabaseAwayError("away"), RuntimeError("?"), SystemExit(), TimeoutError()])
    return spool_sink(folder, table), lambda: table.records


@pytest.fixture(
    params=[memory_sink, reliable_spool_sink, unreliable_spool_sink], ids=lambda make: make.__name__
)
def sink_and_received(request, tmp_path):
    sink, received = request.param(tmp_path)
    yield sink, received
    sink.close(0.0)


class TestEverySink:
    def test_delivers_every_kind_of_record_in_order(self, sink_and_received):
        """Progress is sent after what it announces; a reader that sees it must find the epoch complete."""
        sink, received = sink_and_received
        records = [RunFact("environment", {"keras": "3"}), point(0), point(1), Progress(2, 30, NOW)]

        sink.record(records[0])
        sink.record(*records[1:])

        assert sink.drain(PATIENCE_S)
        assert received() == records

    def test_delivers_captures_with_their_arrays(self, sink_and_received):
        """Weights are the point of the product; they take the same way as the numbers."""
        sink, received = sink_and_received

        sink.record(capture(3), capture(4))

        assert sink.drain(PATIENCE_S)
        assert [record.arrays[0].array.tolist() for record in received()] == [[3.0] * 10, [4.0] * 10]

    def test_delivers_arrays_of_metrics(self, sink_and_received):
        """What was seen inside takes the same way as the weights."""
        sink, received = sink_and_received

        sink.record(look(3), look(4))

        assert sink.drain(PATIENCE_S)
        assert [record.values.tolist() for record in received()] == [[3] * 10, [4] * 10]

    def test_flush_and_drain_of_nothing_succeed(self, sink_and_received):
        """A checkpoint before the first record must not wait."""
        sink, _ = sink_and_received

        assert sink.flush(PATIENCE_S)
        assert sink.drain(PATIENCE_S)

    def test_close_delivers_what_is_left(self, sink_and_received):
        """The last epoch is recorded just before the end."""
        sink, received = sink_and_received
        sink.record(*map(point, range(100)))

        sink.close(PATIENCE_S)

        assert received() == list(map(point, range(100)))

    def test_refuses_records_after_close(self, sink_and_received):
        """A record that cannot be stored is an error now, never a silent gap later."""
        sink, _ = sink_and_received
        sink.close(PATIENCE_S)
        sink.close(PATIENCE_S)

        with pytest.raises(SpoolError, match="closed"):
            sink.record(point(0))

    def test_is_not_stale_by_itself(self, sink_and_received):
        """A stale sink ends the training; that is decided by a newer attempt alone."""
        sink, _ = sink_and_received

        assert not sink.stale
