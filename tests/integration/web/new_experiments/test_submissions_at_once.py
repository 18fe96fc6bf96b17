"""People and scripts submit, delete and import at the same moment: each gets an answer that means something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.storage.connection import Database
from tests.integration.web.new_experiments.iris import FILE, IRIS, MODEL
from tests.rest_client import rest_client

TAGGED = FILE + "tags: [same]\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory, module_database: Database) -> Iterator[httpx.Client]:
    """The local account, with data and a model."""
    home = tmp_path_factory.mktemp("home")
    load_catalog(Home(home))
    with rest_client(home, module_database) as client:
        client.timeout = httpx.Timeout(120)
        for kind, name, file in (("datasets", "iris.arff", IRIS), ("models", "flowers", MODEL)):
            content = file.read_bytes()
            client.post(f"/api/{kind}", params={"name": name}, content=content).raise_for_status()
        yield client


def submit(client: httpx.Client) -> httpx.Response:
    return client.post("/api/experiments", content=TAGGED)


def delete(client: httpx.Client) -> httpx.Response:
    body = {"verb": "delete", "selection": {"experiment": "Iris"}}
    refusal = client.post("/api/commands", json=body).json()
    return client.post("/api/commands", json={**body, "confirmation": refusal.get("confirmation", "")})


def test_equal_experiments_at_once_are_one(client: httpx.Client):
    """Two cells of a notebook, or a script that was cut off and sends again."""
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: submit(client), range(8)))

    assert Counter(answer.status_code for answer in answers) == {201: 8}
    assert len({answer.json()["experiment_id"] for answer in answers}) == 1
    assert client.get("/api/runs", params={"tag": "same"}).json()["total"] == 6


def test_what_is_deleted_meanwhile_is_there_or_is_a_conflict(client: httpx.Client, module_database: Database):
    """Never an error of the server, and never half an experiment."""
    archive = client.get(f"/api/experiments/{submit(client).json()['experiment_id']}/archive").content

    def bring_in(client: httpx.Client) -> httpx.Response:
        return client.post("/api/archives/import", content=archive)

    def files_are_gone(_: httpx.Client) -> httpx.Response:
        with module_database.connection() as conn:
            conn.execute("UPDATE deleted_runs SET files_removed_at = now()")
        return httpx.Response(200)

    deeds = [submit, delete, files_are_gone, bring_in, submit, files_are_gone] * 6
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda deed: deed(client), deeds))

    told = [(answer.status_code, answer.text[:200]) for answer in answers]
    assert {status for status, _ in told} <= {200, 201, 202, 400, 404, 409}, told
    with module_database.connection() as conn:
        sizes = conn.execute("SELECT count(*) FROM runs GROUP BY experiment_id").fetchall()
    assert {count for (count,) in sizes} <= {6}
