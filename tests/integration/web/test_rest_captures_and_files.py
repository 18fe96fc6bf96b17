"""What scripts read of captured weights, and a run's files."""

from __future__ import annotations

import io
import json
from uuid import uuid4

import httpx
import numpy as np
import pandas as pd
import pytest

from nntracker_ray.records import Batch, Capture, Lease, RunFact, WeightArray
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import claim, run_specs, submit, train

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
SUMMARY = {"layers": [{"name": "dense", "kind": "Dense", "output_shape": [None, 3], "parameters": 6}]}


@pytest.fixture(scope="module")
def lease(module_database: Database) -> Lease:
    """A run with two captures; a value of the second is NaN."""
    submit(module_database, "Captured", run_specs("Captured"))
    lease = claim(module_database)
    train(module_database, lease, range(3), lost=True)
    broken = KERNEL.copy()
    broken[0, 1] = np.nan
    captures = [
        Capture(epoch, 45, (WeightArray(0, "dense", "kernel", array),), NOON)
        for epoch, array in ((0, KERNEL), (2, broken))
    ]
    with module_database.connection() as conn:
        writes.write_batches(
            conn, [Batch(lease.run_no, lease.attempt, (*captures, RunFact("model_summary", SUMMARY)))]
        )
    return lease


def refuse_constants(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def strict(answer: httpx.Response):
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=refuse_constants)


def test_layers_say_what_they_are_and_what_was_captured(client: httpx.Client, lease: Lease):
    """One question answers what there is to look at."""
    (layer,) = strict(client.get(f"/api/runs/{lease.run_id}/layers"))

    assert (layer["name"], layer["kind"], layer["output_shape"]) == ("dense", "Dense", [None, 3])
    assert [(one["tensor"], one["shape"], one["epochs"]) for one in layer["arrays"]] == [
        ("kernel", [2, 3], [0, 2])
    ]


def test_points_to_draw_are_json_also_where_a_weight_is_nan(client: httpx.Client, lease: Lease):
    """A broken layer must be readable everywhere."""
    found = strict(client.get(f"/api/runs/{lease.run_id}/weights/points", params={"layer": "dense"}))

    assert found["epoch"] == [0] * 6 + [2] * 6
    assert found["value"][7] == "NaN"


def test_histograms_share_their_bins(client: httpx.Client, lease: Lease):
    """They are computed on the server: no browser counts a hundred thousand weights."""
    params = {"layer": "dense", "bins": 5}
    found = strict(client.get(f"/api/runs/{lease.run_id}/histograms", params=params))

    assert (found["epochs"], found["not_finite"], found["size"]) == ([0, 2], [0, 1], 6)
    assert [sum(row) for row in found["counts"]] == [6, 5]
    assert (found["edges"][0], found["edges"][-1]) == (0.0, 5.0)


def test_a_capture_is_a_file_that_numpy_reads(client: httpx.Client, lease: Lease):
    """Nothing in it is pickled."""
    answer = client.get(f"/api/runs/{lease.run_id}/captures/0")

    assert answer.status_code == 200
    assert 'filename="' in answer.headers["content-disposition"]
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["dense/kernel"], KERNEL)


def test_metrics_leave_as_csv_and_parquet_with_the_same_numbers(client: httpx.Client, lease: Lease):
    """NaN included."""
    base = f"/api/runs/{lease.run_id}/files/metrics"

    table = pd.read_csv(io.StringIO(client.get(f"{base}.csv").text))
    parquet = pd.read_parquet(io.BytesIO(client.get(f"{base}.parquet").content))

    assert len(table) == len(parquet) == 12
    np.testing.assert_array_equal(table["value"].astype(float), parquet["value"])
    assert parquet["value"].isna().sum() == 3


def test_experiment_and_specification_leave_as_json(client: httpx.Client, lease: Lease):
    """The experiment file can be submitted again."""
    base = f"/api/runs/{lease.run_id}/files"

    assert client.get(f"{base}/experiment.json").json() == {"name": "Captured"}
    assert client.get(f"{base}/run.json").json()["run_id"] == str(lease.run_id)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("captures/1", 404),
        ("captures/-1", 404),
        ("captures/99999999999999999999", 404),
        ("histograms?layer=nothing", 404),
        ("histograms?layer=dense&bins=0", 422),
        ("histograms?layer=dense&bins=100000", 422),
        ("weights/points?layer=dense&max_points=1", 422),
        ("weights/points?layer=%00", 422),
        ("files/metrics.exe", 422),
    ],
)
def test_what_is_not_there_or_not_sensible_is_a_problem(
    client: httpx.Client, lease: Lease, path: str, status: int
):
    """With a reason, and never a server error."""
    answer = client.get(f"/api/runs/{lease.run_id}/{path}")

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["layers", "weights/points?layer=dense", "captures/0", "histograms?layer=dense", "files/metrics.csv",
     "files/experiment.json", "files/run.json"],
)  # fmt: skip
def test_runs_of_others_are_not_found(client: httpx.Client, path: str):
    """As for a run that is not there at all."""
    assert client.get(f"/api/runs/{uuid4()}/{path}").status_code == 404
