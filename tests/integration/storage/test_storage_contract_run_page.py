"""What the page of a run asks beside curves: whole captures, the end of the log, folds, the place in the queue."""

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import LogLine
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    claim,
    specs,
    started_run,
    submit,
)


def test_a_capture_comes_back_whole(database: Database):
    """One file of an epoch holds every array, in its own dtype and shape."""
    owner_id, lease = started_run(database)
    kernel, bias = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, ml_dtypes.bfloat16)
    with database.connection() as conn:
        write_batches(conn, [batch(lease, capture(0, kernel, bias), capture(2, kernel + 1, bias))])
        found = queries.capture_of_epoch(conn, viewer_id=owner_id, run_id=lease.run_id, epoch=2)

    assert list(found) == ["dense/bias", "dense/kernel"]
    np.testing.assert_array_equal(found["dense/kernel"], kernel + 1)
    assert found["dense/bias"].dtype == ml_dtypes.bfloat16


def test_an_epoch_without_a_capture_is_not_found(database: Database):
    """The message says where to look."""
    owner_id, lease = started_run(database)

    with database.connection() as conn, pytest.raises(NotFoundError, match="no capture at epoch 3"):
        queries.capture_of_epoch(conn, viewer_id=owner_id, run_id=lease.run_id, epoch=3)


def test_of_too_many_values_evenly_spaced_epochs_are_given(database: Database):
    """Memory holds one array at a time, and the work has a bound."""
    owner_id, lease = started_run(database)
    captures = [capture(epoch, np.full(100, epoch, np.float32)) for epoch in range(11)]
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *captures)])
        found = list(
            queries.captures_of_array(
                conn, viewer_id=owner_id, run_id=lease.run_id, layer="dense", tensor="kernel", most_values=300
            )
        )

    assert [(epoch, float(array[0])) for epoch, array in found] == [(0, 0.0), (5, 5.0), (10, 10.0)]


def test_the_end_of_a_log_is_its_newest_lines_in_order(database: Database):
    """A run that prints a million lines shows the last of them."""
    owner_id, lease = started_run(database)
    lines = [LogLine(no, "stdout", "", f"line {no}", NOON) for no in range(10)]
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *lines)])
        found = queries.log_tail(conn, viewer_id=owner_id, run_id=lease.run_id, limit=3)

    assert found["text"] == ["line 7", "line 8", "line 9"]


def test_a_waiting_run_knows_how_many_go_first(database: Database):
    """Three of a kind: one at work, one next, one behind it."""
    runs = specs(3)
    owner_id = submit(database, runs, config={"max_concurrent": 1})
    assert claim(database) is not None

    with database.connection() as conn:
        places = [queries.waiting_place(conn, viewer_id=owner_id, run_id=run.run_id) for run in runs[1:]]

    assert [place.ahead for place in places if place] == [0, 1]
    assert {(place.at_work, place.experiment_at_work, place.max_concurrent) for place in places if place} == {
        (1, 1, 1)
    }


def test_nothing_is_told_of_what_is_not_there(database: Database):
    """Of a run that is gone, or somebody else's, there is neither log nor place."""
    owner_id, lease = started_run(database)
    stranger = lease.run_id  # no account has this id

    with database.connection() as conn:
        for ask in (queries.log_tail, queries.waiting_place):
            with pytest.raises(NotFoundError):
                ask(conn, viewer_id=stranger, run_id=lease.run_id)
        assert (
            queries.fold_sizes(conn, viewer_id=owner_id, experiment_id=lease.spec.experiment_id, fold=0)
            is None
        )
