"""The metrics writer on a real Ray and a real database: what is answered is committed."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import numpy as np
import pytest
import ray

from actors.metrics_writer import NAME, NAMESPACE, deliver_to_actor, start_metrics_writer, stop_metrics_writer
from nntracker_ray.errors import DatabaseAwayError, SpoolError, StorageError
from nntracker_ray.records import Capture, MetricPoint, RunFact, WeightArray
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.wire import encode_records
from tests.integration.writer.writer_kit import submitted_runs
from tests.ray_cluster import local_ray

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def cluster():
    with local_ray():
        yield


@pytest.fixture
def writer(cluster, database_url):
    yield start_metrics_writer(database_url)
    assert stop_metrics_writer()


def points(run_no, count, metric="loss"):
    return [MetricPoint(metric, epoch, epoch, run_no + epoch / 7, NOW) for epoch in range(count)]


def stored(database, run_no):
    with database.connection() as connection:
        rows = connection.execute(
            "SELECT value FROM metrics WHERE run_no = %s ORDER BY metric, epoch", [run_no]
        )
        return [value for (value,) in rows]


def test_a_delivered_payload_is_in_the_database(writer, database):
    """The caller forgets a record when the call returns: it must be committed by then."""
    [run_no] = submitted_runs(database, 1)

    deliver_to_actor(writer)(run_no, 1, encode_records(points(run_no, 10)))

    assert stored(database, run_no) == [run_no + epoch / 7 for epoch in range(10)]


def test_many_callers_share_a_transaction(writer, database):
    """A commit costs the same for one row and for a thousand; eight trials must not pay it eight times."""
    run_nos = submitted_runs(database, 20)

    ray.get([writer.write.remote(run_no, 1, encode_records(points(run_no, 5))) for run_no in run_nos])

    assert all(len(stored(database, run_no)) == 5 for run_no in run_nos)
    assert ray.get(writer.stats.remote())["transactions"] < 20


def test_a_poisonous_payload_is_refused_alone(writer, database):
    """One training with a broken value must not stop the recording of the others."""
    run_nos = submitted_runs(database, 3)
    poison = MetricPoint("loss", 2**40, 0, 1.0, NOW)  # no epoch that the table holds
    payloads = [points(run_nos[0], 3), [poison], points(run_nos[2], 3)]

    answers = [writer.write.remote(n, 1, encode_records(p)) for n, p in zip(run_nos, payloads, strict=True)]
    torn = writer.write.remote(run_nos[0], 1, encode_records(payloads[0])[:-1])

    ray.get([answers[0], answers[2]])
    with pytest.raises(StorageError):
        ray.get(answers[1])
    with pytest.raises(SpoolError):
        ray.get(torn)
    assert [len(stored(database, run_no)) for run_no in run_nos] == [3, 0, 3]


def test_a_sink_marks_what_the_database_refused(writer, database, tmp_path):
    """Who looks at the run sees that a point is missing, and why."""
    [run_no] = submitted_runs(database, 1)
    sink = SpoolSink(tmp_path, run_no=run_no, attempt=1, deliver=deliver_to_actor(writer))

    sink.record(*points(run_no, 5), MetricPoint("loss", 2**40, 0, 1.0, NOW))
    sink.close(PATIENCE_S)

    assert len(stored(database, run_no)) == 5
    with database.connection() as connection:
        [(key, value)] = connection.execute("SELECT key, value FROM run_facts WHERE run_no = %s", [run_no])
    assert (key, value["records_refused"]["count"]) == ("recording_gaps_attempt_1", 1)


def test_a_large_capture_arrives_to_the_bit(writer, database, tmp_path):
    """Weights of 20 MB take the same way as a single loss."""
    [run_no] = submitted_runs(database, 1)
    kernel = np.random.default_rng(7).standard_normal((1_000, 5_000)).astype(np.float32)
    sink = SpoolSink(tmp_path, run_no=run_no, attempt=1, deliver=deliver_to_actor(writer))

    sink.record(Capture(0, 15, (WeightArray(0, "dense", "kernel", kernel),), NOW))

    assert sink.drain(PATIENCE_S)
    sink.close()
    with database.connection() as connection:
        [(data, shape)] = connection.execute(
            "SELECT data, shape FROM weight_arrays WHERE run_no = %s", [run_no]
        ).fetchall()
    assert (shape, bytes(data)) == ([1_000, 5_000], kernel.tobytes())


def test_it_starts_without_a_database_and_says_so(cluster):
    """A trial may be quicker than the database; the writer must be there to be asked again."""
    writer = start_metrics_writer("host=127.0.0.1 port=1 dbname=nowhere connect_timeout=1")
    try:
        assert ray.get(writer.ping.remote()) > 0
        with pytest.raises(DatabaseAwayError):
            ray.get(writer.write.remote(1, 1, encode_records([RunFact("k", 1)])), timeout=PATIENCE_S)
        assert ray.get(writer.stats.remote())["away"] == 1
    finally:
        assert stop_metrics_writer()


def test_starting_it_again_finds_the_one_that_runs(writer, database_url):
    """Every part of the platform may ask for the writer; there is one."""
    assert ray.get(start_metrics_writer(database_url).ping.remote()) == ray.get(writer.ping.remote())
    assert ray.get(ray.get_actor(NAME, namespace=NAMESPACE).ping.remote()) == ray.get(writer.ping.remote())


def test_a_killed_writer_comes_back_and_answers_the_call_under_way(writer, database):
    """Ray starts it anew and repeats the call; the caller only waits."""
    [run_no] = submitted_runs(database, 1)
    first_pid = ray.get(writer.ping.remote())
    answers = [
        writer.write.remote(run_no, 1, encode_records(points(run_no, 100, f"m{i}"))) for i in range(20)
    ]

    os.kill(first_pid, signal.SIGKILL)

    ray.get(answers, timeout=PATIENCE_S)
    assert len(stored(database, run_no)) == 2_000
    assert ray.get(writer.ping.remote()) != first_pid


@pytest.mark.slow
def test_a_frozen_writer_is_replaced(writer, database, tmp_path):
    """A process that hangs is worse than a dead one, because Ray sees nothing wrong with it."""
    [run_no] = submitted_runs(database, 1)
    frozen_pid = ray.get(writer.ping.remote())
    sink = SpoolSink(tmp_path, run_no=run_no, attempt=1, deliver=deliver_to_actor(writer))
    os.kill(frozen_pid, signal.SIGSTOP)
    try:
        sink.record(*points(run_no, 100))

        assert sink.flush(5.0)
        assert sink.drain(PATIENCE_S)
    finally:
        _wake_up(frozen_pid)
        sink.close()

    assert stored(database, run_no) == [run_no + epoch / 7 for epoch in range(100)]


def _wake_up(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def test_a_name_too_long_for_the_index_does_not_stop_the_others(writer, database, tmp_path):
    """PostgreSQL counts this among its operational errors, beside outages; repeating it would be for ever."""
    [run_no] = submitted_runs(database, 1)
    name = np.random.default_rng(7).bytes(10_000).hex()
    sink = SpoolSink(tmp_path, run_no=run_no, attempt=1, deliver=deliver_to_actor(writer))

    sink.record(MetricPoint(name, 0, 0, 1.0, NOW), *points(run_no, 5))

    assert sink.drain(PATIENCE_S)
    sink.close()
    assert len(stored(database, run_no)) == 5
