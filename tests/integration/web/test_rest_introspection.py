"""What scripts read of the inside of a network."""

from __future__ import annotations

import json
import math
from uuid import uuid4

import httpx
import numpy as np
import pytest

from nntracker_ray.npz import read_arrays, read_columns
from nntracker_ray.records import Batch, Lease, MetricArray, MetricPoint, RunFact
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import claim, run_specs, submit

SUMMARY = {"layers": [{"name": "hidden"}, {"name": "dense"}]}
OBSERVED = {
    "observed": [{"metric": "mean", "topics": ["weights"], "every": 10}],
    "suspended": [],
    "ignored": [],
}
COST = {"share": math.nan, "estimated_share": 0.01}
LOOKS = 40  # of the layer "dense", ten in an epoch
HISTOGRAM = {"metric": "weights/histogram", "layer": "dense", "tensor": "kernel"}


def mean(look: int) -> float:
    """Of one look: a NaN in the third epoch."""
    return math.nan if look == 25 else float(look)


@pytest.fixture(scope="module")
def lease(module_database: Database) -> Lease:
    """A run of two layers that was looked into."""
    submit(module_database, "Observed", run_specs("Observed"))
    lease = claim(module_database)
    edges = np.array([-1.0, 0.0, 0.5])
    records = [
        RunFact("model_summary", SUMMARY),
        RunFact("introspection", OBSERVED),
        RunFact("introspection_cost", COST),
        MetricPoint("loss", 0, 10, 0.5, NOON),
        MetricPoint("gradients/noise_scale", 0, 10, 2.5, NOON),
        MetricPoint("weights/mean", 1, 20, 0.25, NOON, "hidden", "kernel"),
        *(MetricPoint("weights/mean", n // 10, n, mean(n), NOON, "dense", "kernel") for n in range(LOOKS)),
        *(
            MetricArray("weights/histogram", n, n, np.array([n, 1]), edges, NOON, "dense", "kernel")
            for n in range(5)
        ),
        MetricArray("activations/svcca", 0, 9, np.ones((2, 1), np.float32), None, NOON, "dense"),
        MetricArray("activations/svcca", 1, 19, np.ones((2, 2), np.float32), None, NOON, "dense"),
    ]
    with module_database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])
    return lease


def place(lease: Lease, path: str = "") -> str:
    return f"/api/runs/{lease.run_id}/introspection{path}"


def refuse_constants(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def strict(answer: httpx.Response):
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=refuse_constants)


def test_one_question_says_what_there_is_and_what_it_costs(client: httpx.Client, lease: Lease):
    """In the order of the model, and without the losses."""
    found = strict(client.get(place(lease)))

    assert found["introspection"] == OBSERVED
    assert found["cost"]["estimated_share"] == 0.01
    assert [(one["metric"], one["layer"], one["kind"], one["points"]) for one in found["series"]] == [
        ("activations/svcca", "dense", "array", 2),
        ("gradients/noise_scale", "", "scalar", 1),
        ("weights/histogram", "dense", "histogram", 5),
        ("weights/mean", "hidden", "scalar", 1),
        ("weights/mean", "dense", "scalar", LOOKS),
    ]


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, lease: Lease):
    """A page that asks every second costs no bytes while nothing happens."""
    etag = client.get(place(lease)).headers["etag"]

    assert client.get(place(lease), headers={"if-none-match": etag}).status_code == 304


def test_curves_come_whole_and_to_the_bit(client: httpx.Client, lease: Lease):
    """Unless somebody asks for fewer points, none is left out."""
    asked = {"metric": "weights/mean", "layer": "dense"}

    found = read_columns(client.get(place(lease, "/curves"), params=asked).content)

    np.testing.assert_array_equal(found["value"], [mean(n) for n in range(LOOKS)])
    assert set(found["tensor"]) == {"kernel"}
    assert "points" not in found


def test_curves_grow_by_what_is_new(client: httpx.Client, lease: Lease):
    """The bytes of a tick do not grow with the history."""
    asked = {"metric": ["weights/mean", "gradients/noise_scale"], "after_step": LOOKS - 3}

    found = read_columns(client.get(place(lease, "/curves"), params=asked).content)

    assert found["step"].tolist() == [LOOKS - 2, LOOKS - 1]


def test_fewer_points_keep_the_extremes_and_say_how_many_there_are(client: httpx.Client, lease: Lease):
    """Nothing is sampled in secret, and no spike or NaN is lost."""
    asked = {"metric": "weights/mean", "max_points": 6}

    found = read_columns(client.get(place(lease, "/curves"), params=asked).content)

    of_dense = found["layer"] == "dense"
    values = found["value"][of_dense]
    assert len(values) <= 6
    assert (np.nanmin(values), np.nanmax(values), np.isnan(values).any()) == (0.0, LOOKS - 1, True)
    assert set(found["points"][of_dense]) == {LOOKS}
    assert found["points"][~of_dense].tolist() == [1]


@pytest.mark.parametrize(
    ("of_epoch", "hidden", "dense"),
    [
        (None, [None, 0.25, None, None], [9, 19, 29, 39]),
        ("min", [None, 0.25, None, None], [0, 10, "NaN", 30]),
        ("mean", [None, 0.25, None, None], [4.5, 14.5, "NaN", 34.5]),
    ],
)
def test_heat_is_layers_by_epochs(
    client: httpx.Client, lease: Lease, of_epoch: str | None, hidden: list, dense: list
):
    """What was not measured is null, what was no number says so."""
    asked = {"metric": "weights/mean"} | ({"of_epoch": of_epoch} if of_epoch else {})

    found = strict(client.get(place(lease, "/heat"), params=asked))

    assert (found["layers"], found["tensors"], found["epochs"]) == (
        ["hidden", "dense"],
        ["kernel"] * 2,
        [0, 1, 2, 3],
    )
    assert found["values"] == [hidden, pytest.approx(dense) if of_epoch is None else dense]


def test_histograms_come_with_their_edges(client: httpx.Client, lease: Lease):
    """Each in its own dtype."""
    found = read_arrays(client.get(place(lease, "/arrays"), params=HISTOGRAM).content)

    assert (int(found["points"]), found["step"].tolist()) == (5, [0, 1, 2, 3, 4])
    assert found["values_3"].dtype == np.int64
    assert found["values_3"].tolist() == [3, 1]
    assert found["edges_3"].tolist() == [-1.0, 0.0, 0.5]


def test_arrays_of_different_shapes_come_one_by_one(client: httpx.Client, lease: Lease):
    """A row of similarities grows with every look."""
    asked = {"metric": "activations/svcca", "layer": "dense"}

    found = read_arrays(client.get(place(lease, "/arrays"), params=asked).content)

    assert [found[f"values_{n}"].shape for n in range(2)] == [(2, 1), (2, 2)]
    assert not [name for name in found if name.startswith("edges")]


def test_fewer_arrays_say_how_many_there_are(client: httpx.Client, lease: Lease):
    """The first and last are among them."""
    found = read_arrays(client.get(place(lease, "/arrays"), params={**HISTOGRAM, "most": 2}).content)

    assert (int(found["points"]), found["step"].tolist()) == (5, [0, 4])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/arrays?metric=nothing", 404),
        ("/arrays?metric=weights/histogram", 404),
        ("/arrays", 422),
        ("/arrays?metric=a&most=0", 422),
        ("/arrays?metric=a&most=1000000", 422),
        ("/heat", 422),
        ("/heat?metric=a&of_epoch=median", 422),
        ("/curves?max_points=1", 422),
        ("/curves?layer=%00", 422),
        ("/curves?after_step=99999999999999999999", 422),
    ],
)
def test_what_is_not_there_or_not_sensible_is_a_problem(
    client: httpx.Client, lease: Lease, path: str, status: int
):
    """With a reason, and never a server error."""
    answer = client.get(place(lease, path))

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_run_that_nobody_looks_into_says_so(client: httpx.Client, module_database: Database):
    """Before its first look a run answers like any other."""
    submit(module_database, "Plain", specs := run_specs("Plain"))
    base = f"/api/runs/{specs[0].run_id}/introspection"

    assert strict(client.get(base)) == {"introspection": None, "cost": None, "series": []}
    assert strict(client.get(f"{base}/heat", params={"metric": "weights/mean"}))["values"] == []
    assert read_columns(client.get(f"{base}/curves").content)["value"].size == 0
    assert read_columns(client.get(f"{base}/curves", params={"max_points": 9}).content)["points"].size == 0


@pytest.mark.parametrize(
    "path", ["", "/curves", "/heat?metric=weights/mean", "/arrays?metric=weights/histogram"]
)
def test_runs_of_others_are_not_found(client: httpx.Client, path: str):
    """As for a run that is not there at all."""
    assert client.get(f"/api/runs/{uuid4()}/introspection{path}").status_code == 404
