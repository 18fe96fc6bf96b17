"""Frames and arrays in a notebook: what the database has, over HTTP, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

import nntracker_ray as nn
from apps.api.local_token import keep_local_token
from nntracker_ray.client import Client
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, Capture, WeightArray
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, run_specs, submit, train, web_server


@pytest.fixture
def client(database: Database, tmp_path) -> Iterator[Client]:
    """A platform by its address and token."""
    home = Home(tmp_path)
    with web_server(tmp_path, database.dsn) as address:
        keep_local_token(database, home)
        yield nn.connect(address, home.api_token.read_text())


def test_curves_arrive_as_they_were_stored(client: Client, database: Database):
    """Also those that are no numbers: a diverged run must be seen as one."""
    owner_id = submit(database, "Grid", run_specs("Grid", folds=2))
    for _ in range(2):
        train(database, claim(database), range(3), lost=True)

    frame = client.experiment("Grid").metrics()
    one = client.run("Grid (1)").metrics("loss", "val_loss")

    with database.connection() as conn:
        ids = [run.run_id for run in client.experiment("Grid").runs]
        stored = queries.learning_curves(conn, viewer_id=owner_id, run_ids=ids)
    assert list(frame.columns) == ["run_id", "run", "metric", "epoch", "step", "value", "time", "inherited"]
    assert list(frame["run_id"]) == list(stored["run_id"])
    np.testing.assert_array_equal(frame["value"], stored["value"])
    np.testing.assert_array_equal(frame["time"].to_numpy("datetime64[us]"), stored["time"])
    assert one[one["metric"] == "loss"]["value"].isna().all()
    assert set(one["metric"]) == {"loss", "val_loss"}


def test_a_run_that_has_measured_nothing_has_empty_frames(client: Client, database: Database):
    """With their columns: what follows in the notebook does not fail on a name."""
    submit(database, "New", run_specs("New"))
    run = client.run("New")

    assert "value" in run.metrics().columns
    assert run.metrics().empty
    assert "layer_name" in run.arrays().columns
    assert client.experiment("New").summary().empty


def test_weights_arrive_to_the_bit(client: Client, database: Database):
    """A rounded weight would be another network."""
    submit(database, "Captured", run_specs("Captured"))
    lease = claim(database)
    kernels = [np.random.default_rng(epoch).normal(size=(5, 3)).astype(np.float32) for epoch in range(2)]
    captures = tuple(
        Capture(epoch, epoch + 1, (WeightArray(0, "hidden", "kernel", kernel),), datetime.now(UTC))
        for epoch, kernel in enumerate(kernels)
    )
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, captures)])
    run = client.run("Captured")

    back = run.weights("hidden")

    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, np.stack(kernels))
    assert list(run.weight_epochs("hidden")) == [0, 1]
    assert list(run.arrays()["epochs"]) == [[0, 1]]
    with pytest.raises(nn.NotFoundError, match="no_such"):
        run.weights("no_such")


def test_a_wrong_token_is_told_as_one(client: Client):
    """What to do about it stands in the message."""
    with pytest.raises(nn.NNTrackerError, match="token is unknown"):
        nn.connect(client.api.url, "nnt_wrong").runs()


def test_a_platform_that_is_away_is_told_as_one():
    """No traceback of a socket."""
    with pytest.raises(nn.NNTrackerError, match="nntracker start"):
        nn.connect("http://127.0.0.1:9", "nnt_any").runs()
