"""Comparisons as scripts ask for them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, finish, run_specs, submit, train, web_server


@pytest.fixture
def client(tmp_path, database_url: str, database: Database) -> Iterator[httpx.Client]:
    """Signed in."""
    with web_server(tmp_path / "home", database_url) as address, httpx.Client(base_url=address) as client:
        token = make_login_link(database, address).partition("#")[2]
        client.post("/session", json={"token": token}, headers={"origin": address}).raise_for_status()
        yield client


def refuse_constants(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def asked(client: httpx.Client, path: str, **words: object):
    answer = client.get(f"/api/compare/{path}", params=words)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=refuse_constants)


def values_of(client: httpx.Client, run_id: object, metric: str) -> list[float]:
    answer = client.get(f"/api/runs/{run_id}/metrics", params={"metric": metric})
    return [float(value) for value in answer.json()["value"]]


def test_a_tag_is_summed_up_epoch_by_epoch(client: httpx.Client, database: Database):
    """A run at work and finished ones, over those that have the epoch."""
    submit(database, "Digits", run_specs("Digits", folds=3, epochs=6, tags=["nightly"]))
    leases = [finish(database, seed=seed) for seed in range(2)]
    leases.append(claim(database))
    train(database, leases[2], range(2), seed=5)

    found = asked(client, "aggregate", tag="nightly", metric="val_loss", members=True)

    curves = [values_of(client, lease.run_id, "val_loss") for lease in leases]
    first = np.array([curve[0] for curve in curves])
    assert (found["runs"], found["runs_with_metric"]) == (3, 3)
    assert found["epoch"] == [*range(6)]
    assert found["count"] == [3, 3, 2, 2, 2, 2]
    assert found["mean"][0] == pytest.approx(first.mean(), rel=1e-12)
    assert found["std"][0] == pytest.approx(first.std(ddof=1), rel=1e-12)
    assert sorted(len(member["value"]) for member in found["members"]) == [2, 6, 6]


def test_lost_values_are_counted_and_do_not_hide_the_others(client: httpx.Client, database: Database):
    """One diverged run must not turn the mean of a hundred into NaN, nor vanish."""
    experiment = run_specs("Diverges", folds=2, epochs=3)
    submit(database, "Diverges", experiment)
    for seed, lost in ((0, False), (1, True)):
        train(database, claim(database), range(2), seed=seed, lost=lost)

    found = asked(client, "aggregate", experiment_id=str(experiment[0].experiment_id), metric="loss")

    assert (found["count"], found["lost"]) == ([1, 1], [1, 1])
    assert found["std"] == ["NaN", "NaN"]
    assert all(isinstance(value, float) for value in found["mean"])


def test_one_run_minus_another_and_a_tag_minus_a_run(client: httpx.Client, database: Database):
    """By epoch, where both have a value."""
    submit(database, "Digits", run_specs("Digits", folds=2, epochs=4, tags=["base"]))
    leases = [finish(database, seed=seed) for seed in range(2)]
    left, right = (values_of(client, lease.run_id, "accuracy") for lease in leases)

    single = asked(
        client, "difference", run_id=str(leases[0].run_id), minus=str(leases[1].run_id), metric="accuracy"
    )
    tagged = asked(client, "difference", tag="base", minus=f"run:{leases[1].run_id}", metric="accuracy")

    assert single["value"] == [a - b for a, b in zip(left, right, strict=True)]
    assert tagged["value"] == pytest.approx([(a - b) / 2 for a, b in zip(left, right, strict=True)])


def test_parameters_stand_beside_results(client: httpx.Client, database: Database):
    """What parallel coordinates are drawn from."""
    specs = run_specs("Rates", rates=[0.1, 0.01], epochs=2)
    submit(database, "Rates", specs)
    finish(database)

    found = asked(client, "parallel", experiment_id=str(specs[0].experiment_id), metric="val_loss")

    assert found["varied"] == ["learning rate"]
    assert found["parameters"]["learning rate"] == [0.1, 0.01]
    assert found["result"][1] is None
    assert isinstance(found["result"][0], float)


def test_an_answer_too_long_for_json_is_refused_with_another_way(
    client: httpx.Client, database: Database, monkeypatch
):
    """One request must not take the memory of everybody's server."""
    submit(database, "Long", run_specs("Long", folds=2, epochs=4, tags=["long"]))
    for seed in range(2):
        finish(database, seed=seed)
    monkeypatch.setattr("apps.api.comparisons.MOST_ANSWERED", 4)

    words = {"tag": "long", "metric": "loss"}
    answer = client.get("/api/compare/aggregate", params={**words, "members": True})

    assert (answer.status_code, "GET /api/metrics" in answer.json()["detail"]) == (400, True)
    assert asked(client, "aggregate", **words)["epoch"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        ("aggregate", {"metric": "loss"}, 400),  # of which runs?
        ("aggregate", {"metric": "loss", "tag": "nobody's"}, 404),
        ("aggregate", {"metric": "loss\0", "tag": "x"}, 422),
        ("difference", {"metric": "loss", "tag": "x", "minus": "everything"}, 400),
        ("parallel", {"tag": "x"}, 422),
    ],
)
def test_what_cannot_be_answered_is_said_so(client: httpx.Client, path, words, status):
    """An empty answer would be taken for an empty group."""
    answer = client.get(f"/api/compare/{path}", params=words)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
