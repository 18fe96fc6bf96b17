"""What the metrics writer decides, without Ray, database or clock."""

from __future__ import annotations

import struct

import pytest

from nntracker_ray.batching import Gatherer, Payload, store
from nntracker_ray.errors import DatabaseAwayError, SchemaError, SpoolError, StorageError
from nntracker_ray.records import RunFact
from nntracker_ray.wire import encode_records


def payload(number, data=None):
    return Payload(number, 1, data or encode_records([RunFact("number", number)]))


class Table:
    """Commits batches, all or none; refuses those of certain runs."""

    def __init__(self, refuses=(), error=None):
        self.committed, self.calls = [], 0
        self.refuses, self.error = refuses, error or StorageError("out of range")

    def __call__(self, batches):
        self.calls += 1
        if any(batch.run_no in self.refuses for batch in batches):
            raise self.error
        self.committed += [batch.run_no for batch in batches]


def test_what_comes_within_the_waiting_time_is_written_together():
    """Eight trials that report in the same moment cost one commit."""
    gatherer = Gatherer(max_age_s=0.05, max_bytes=1_000)
    gatherer.add("a", 10, now_s=100.0)
    gatherer.add("b", 10, now_s=100.04)

    assert gatherer.due_in_s(now_s=100.04) == pytest.approx(0.01)
    assert gatherer.due_in_s(now_s=100.06) == 0.0
    assert gatherer.take() == ["a", "b"]
    assert gatherer.due_in_s(now_s=200.0) is None


def test_much_data_is_written_at_once():
    """A capture of 20 MB gains nothing from waiting for company."""
    gatherer = Gatherer(max_age_s=0.05, max_bytes=1_000)
    gatherer.add("large", 5_000, now_s=100.0)

    assert gatherer.due_in_s(now_s=100.0) == 0.0


def test_a_transaction_has_a_size_and_the_rest_does_not_wait_again():
    """After an outage everybody sends at once; one huge transaction would run into its time limit."""
    gatherer = Gatherer(max_age_s=0.05, max_bytes=100)
    for name in "abc":
        gatherer.add(name, 60, now_s=100.0)

    assert gatherer.take() == ["a"]
    assert gatherer.due_in_s(now_s=100.0) == 0.0
    assert gatherer.take() + gatherer.take() == ["b", "c"]


def test_all_payloads_go_into_one_transaction():
    """The good day: one call, everybody is answered."""
    table = Table()

    assert store([payload(1), payload(2), payload(3)], table) == [None, None, None]
    assert (table.committed, table.calls) == ([1, 2, 3], 1)


@pytest.mark.parametrize(
    "error", [StorageError("no"), struct.error("int too large"), ValueError("no")], ids=repr
)
def test_a_refused_payload_does_not_take_its_neighbours_along(error):
    """Its sender is told, so that it can mark the gap; the others never notice."""
    table = Table(refuses={2}, error=error)

    outcomes = store([payload(1), payload(2), payload(3)], table)

    assert [type(outcome) for outcome in outcomes] == [type(None), StorageError, type(None)]
    assert table.committed == [1, 3]


def test_a_payload_that_cannot_be_read_is_refused_alone():
    """A damaged payload says nothing about those beside it."""
    outcomes = store([payload(1), payload(2, b"\x00garbage"), payload(3)], table := Table())

    assert isinstance(outcomes[1], SpoolError)
    assert table.committed == [1, 3]


@pytest.mark.parametrize("error", [DatabaseAwayError("away"), SchemaError("newer")], ids=repr)
def test_an_outage_is_told_to_everybody_after_one_attempt(error):
    """Trying each payload against a database that is away would take as many timeouts."""
    table = Table(refuses={1, 2, 3}, error=error)

    assert store([payload(1), payload(2), payload(3)], table) == [error, error, error]
    assert table.calls == 1


def test_nothing_readable_means_nothing_written():
    """A transaction without a row would be a transaction too many."""
    table = Table()

    [outcome] = store([payload(1, b"\x00")], table)

    assert isinstance(outcome, SpoolError)
    assert table.calls == 0
