"""What scripts read of runs, and what everybody gets while the database is away."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import httpx
import pytest

from apps.api.access import RULES
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


def strict(answer: httpx.Response):
    """The answer, read as other languages read it."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=refuse_constants)


def test_runs_are_listed_in_pages_newest_experiment_first(client: httpx.Client, database: Database):
    """A script walks thousands of runs without fetching all at once."""
    submit(database, "Old", run_specs("Old", folds=3))
    submit(database, "New", run_specs("New", rates=[0.1, 0.01], tags=["a", "b"]))

    first = strict(client.get("/api/runs", params={"limit": 3}))
    rest = strict(client.get("/api/runs", params={"limit": 3, "offset": 3}))

    assert first["total"] == rest["total"] == 5
    assert [run["name"] for run in first["runs"] + rest["runs"]] == [
        "New (LR1)", "New (LR2)", "Old (1)", "Old (2)", "Old (3)",
    ]  # fmt: skip
    assert first["runs"][0]["tags"] == ["a", "b"]
    assert first["runs"][0]["configuration"]["learning_rate"] == 0.1


def test_numbers_that_json_lacks_arrive_by_name(client: httpx.Client, database: Database):
    """A diverged run must be readable everywhere, and NaN must not turn into nothing."""
    submit(database, "Diverges", run_specs("Diverges"))
    lease = claim(database)
    train(database, lease, range(2), lost=True)

    run = strict(client.get(f"/api/runs/{lease.run_id}"))
    columns = strict(client.get(f"/api/runs/{lease.run_id}/metrics", params={"metric": ["loss", "val_loss"]}))

    assert run["metrics"]["loss"] == "NaN"
    losses = [v for v, name in zip(columns["value"], columns["metric"], strict=True) if name == "loss"]
    assert losses == ["NaN", "NaN"]
    assert math.isnan(float(losses[0]))
    assert set(columns["metric"]) == {"loss", "val_loss"}


def test_only_later_epochs_are_sent_when_asked(client: httpx.Client, database: Database):
    """Following a run costs what is new, not its history."""
    submit(database, "Follow", run_specs("Follow"))
    lease = finish(database)

    columns = strict(client.get(f"/api/runs/{lease.run_id}/metrics", params={"after_epoch": 17}))

    assert set(columns["epoch"]) == {18, 19}
    assert len({len(column) for column in columns.values()}) == 1
    assert columns["time"][0].endswith(("Z", "+00:00"))


def test_the_interface_describes_itself_and_hides_pages(client: httpx.Client):
    """Clients are generated from this; pages and sign-in are not theirs."""
    paths = strict(client.get("/api/openapi.json"))["paths"]

    assert set(paths) == {rule.path for rule in RULES if rule.path.startswith("/api/")} - {
        "/api/openapi.json"
    }


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "offset=-1", "experiment_id=x", "limit=1e9", "offset=99999999999999999999"],
)
def test_nonsense_is_refused_with_the_reason(client: httpx.Client, query: str):
    """A typing error is the caller's to know, and never a server error."""
    answer = client.get(f"/api/runs?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text


def test_an_absent_database_is_said_calmly(tmp_path):
    """Pages come back by themselves; scripts get a status they can wait on."""
    nowhere = "host=127.0.0.1 port=1 user=x dbname=x"
    with web_server(tmp_path / "home", nowhere) as address:
        port = address.rpartition(":")[2]
        cookie = {"cookie": f"nntracker_session_{port}=anything"}

        health = httpx.get(f"{address}/api/health", timeout=30)
        page = httpx.get(address, headers=cookie, timeout=30)
        script = httpx.get(f"{address}/api/runs", headers=cookie, timeout=30)

    assert health.json() == {"status": "ok", "database": "away"}
    assert page.status_code == script.status_code == 503
    assert "This page comes back by itself" in page.text
    assert int(page.headers["refresh"]) < 60
