"""Archives over REST: streamed out, taken in, and only what the caller may see."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from nntracker_ray.storage.connection import Database
from tests.web_examples import finish, run_specs, submit


@pytest.fixture
def runs(client: httpx.Client, module_database: Database) -> Iterator[list[str]]:
    """Two finished runs of one experiment."""
    specs = run_specs(f"Grid {uuid4()}", folds=2, epochs=3)
    submit(module_database, "Grid", specs)
    for seed in range(2):
        finish(module_database, seed=seed)
    yield [str(spec.run_id) for spec in specs]
    with module_database.connection() as conn:
        conn.execute("DELETE FROM experiments")


def names_in(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def run_of(client: httpx.Client, run_id: str) -> dict:
    return client.get(f"/api/runs/{run_id}").json()


class TestDownloads:
    def test_a_run_an_experiment_and_a_selection_are_one_file_each(
        self, client: httpx.Client, runs: list[str]
    ):
        """Whichever of them a person thinks in."""
        experiment_id = run_of(client, runs[0])["experiment_id"]

        one = client.get(f"/api/runs/{runs[0]}/archive")
        whole = client.get(f"/api/experiments/{experiment_id}/archive")
        chosen = client.post("/api/archives", json={"selection": {"run_ids": runs}})
        linked = client.get("/api/archives", params={"run": runs})

        assert f"runs/{runs[0]}/metrics.csv" in names_in(one)
        assert f"runs/{runs[1]}/metrics.csv" not in names_in(one)
        assert {f"runs/{run}/run.json" for run in runs} <= {*names_in(whole)}
        assert names_in(whole) == names_in(chosen) == names_in(linked)
        assert one.headers["content-disposition"].endswith(f'nntracker-run-{runs[0][:8]}.zip"')

    def test_what_is_not_there_is_not_found(self, client: httpx.Client):
        """The refusal must come before the file has begun."""
        nobody = uuid4()

        answers = [
            client.get(f"/api/runs/{nobody}/archive"),
            client.get(f"/api/experiments/{nobody}/archive"),
            client.post("/api/archives", json={"selection": {"run_ids": [str(nobody)]}}),
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 404]


class TestImports:
    def test_deleted_runs_come_back_by_their_archive(self, client: httpx.Client, runs: list[str]):
        """What a person has taken out, the same person can bring in, through the same door."""
        before = [run_of(client, run) for run in runs]
        archive = client.post("/api/archives", json={"selection": {"run_ids": runs}}).content
        body = {"verb": "delete", "selection": {"run_ids": runs}, "confirmation": "delete 2 runs"}
        client.post("/api/commands", json=body).raise_for_status()

        answer = client.post("/api/archives/import", content=archive)

        assert answer.status_code == 201, answer.text
        assert answer.json()["kept_ids"]
        assert client.get(answer.headers["location"]).json()["runs"] == 2
        after = [run_of(client, run) for run in runs]
        assert [{**run, "run_no": 0} for run in after] == [{**run, "run_no": 0} for run in before]

    def test_what_is_here_already_is_a_conflict(self, client: httpx.Client, runs: list[str]):
        """An upload that is repeated must not double anything."""
        archive = client.get(f"/api/runs/{runs[0]}/archive").content

        answer = client.post("/api/archives/import", content=archive)

        assert answer.status_code == 409
        assert "already here" in answer.json()["detail"]

    def test_what_is_no_archive_is_refused(self, client: httpx.Client):
        """With words, not with an error of the server."""
        answer = client.post("/api/archives/import", content=b"hello")

        assert answer.status_code == 400
        assert "no zip" in answer.json()["detail"]
