"""Sent twice, answered never, out of order, by an old attempt: the table ends as if all had gone well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.batching import Payload, store
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import MetricPoint, Progress
from nntracker_ray.storage.writes import write_batches
from nntracker_ray.wire import encode_records
from tests.integration.writer.writer_kit import submitted_runs

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)

reports = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 3), st.lists(st.integers(0, 5), min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)
fates = st.lists(st.sampled_from(["commit", "commit", "twice", "lost answer", "crash before"]), max_size=20)


@pytest.fixture
def two_runs(database):
    return submitted_runs(database, 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=reports, fates=fates, shuffled=st.randoms(use_true_random=False))
def test_the_table_equals_a_dictionary_whatever_happens_on_the_way(
    database, two_runs, reports, fates, shuffled
):
    """Every sender repeats until it is answered; nothing that is repeated or overtaken may leave a trace."""
    _empty(database)
    sent = _numbered(two_runs, reports)
    waiting = [payload for payload, _ in sent]

    while waiting:
        shuffled.shuffle(waiting)
        together = waiting[: shuffled.randint(1, len(waiting))]
        answered = _deliver(database, together, fates.pop(0) if fates else "commit")
        waiting = [payload for payload in waiting if payload not in answered]

    assert _table(database) == _model(points for _, points in sent)


def _numbered(run_nos, reports):
    """(payload, [(attempt, time, run, point)]) of every report; each point has a value and a time of its own."""
    sent, number = [], 0
    for run, attempt, epochs in reports:
        points = []
        for epoch in epochs:
            number += 1
            points.append(MetricPoint("loss", epoch, epoch, float(number), BEGIN + timedelta(seconds=number)))
        data = encode_records([*points, Progress(max(epochs) + 1, 0, BEGIN)])
        ranked = [(attempt, point.measured_at, run_nos[run], point) for point in points]
        sent.append((Payload(run_nos[run], attempt, data), ranked))
    return sent


def _model(reports):
    table = {}
    for attempt, moment, run_no, point in (entry for entries in reports for entry in entries):
        rank, _ = table.get((run_no, point.epoch), ((0, BEGIN), None))
        if (attempt, moment) > rank:
            table[run_no, point.epoch] = ((attempt, moment), point.value)
    return {key: value for key, (_, value) in table.items()}


def _deliver(database, payloads, fate):
    """The payloads whose senders got their answer."""

    def write(batches):
        with database.connection() as connection:
            write_batches(connection, batches)
            if fate == "crash before":
                raise DatabaseAwayError("killed before the commit")
        if fate == "lost answer":
            raise DatabaseAwayError("killed after the commit")

    outcomes = store(payloads * 2 if fate == "twice" else payloads, write)
    return [payload for payload, outcome in zip(payloads, outcomes, strict=False) if outcome is None]


def _table(database):
    with database.connection() as connection:
        rows = connection.execute("SELECT run_no, epoch, value FROM metrics").fetchall()
    assert len(rows) == len({(run_no, epoch) for run_no, epoch, _ in rows})
    return {(run_no, epoch): value for run_no, epoch, value in rows}


def _empty(database):
    with database.connection() as connection:
        connection.execute("DELETE FROM metrics")
