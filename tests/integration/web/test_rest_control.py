"""Scripts act on runs over REST: outcomes, refusals, repetitions, files."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest

from nntracker_ray.checkpoints.archive import write_archive
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.home import Home
from nntracker_ray.records import Adaptation, Batch, LogLine, RunState
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, end, finish, run_specs, submit, train


@pytest.fixture
def database(module_database: Database) -> Database:
    """Without runs and commands."""
    with module_database.connection() as conn:
        # Not TRUNCATE ... CASCADE: sessions refer to share links, which refer to experiments.
        conn.execute("DELETE FROM experiments")
        conn.execute("DELETE FROM commands")
        conn.execute("DELETE FROM deleted_runs")
    return module_database


def ask(client: httpx.Client, verb: str, *, key: str | None = None, **body) -> httpx.Response:
    """Give a command."""
    headers = {"idempotency-key": key} if key else {}
    return client.post("/api/commands", json={"verb": verb, **body}, headers=headers)


def some_runs(database: Database, **kind) -> UUID:
    """An experiment of two queued runs."""
    specs = run_specs("Grid", folds=2, tags=["nightly"], **kind)
    submit(database, "Grid", specs)
    return specs[0].experiment_id


def outcomes(answer: httpx.Response) -> list[str]:
    return [target["outcome"] for target in answer.json()["targets"]]


def states(client: httpx.Client) -> list[str]:
    return [run["state"] for run in client.get("/api/runs").json()["runs"]]


class TestCommands:
    def test_one_call_acts_on_a_whole_experiment(self, client: httpx.Client, database: Database):
        """Many trainings are managed by the experiment, not one by one."""
        experiment_id = some_runs(database)

        paused = ask(client, "pause", selection={"experiment_id": str(experiment_id)})

        assert paused.status_code == 200, paused.text
        assert outcomes(paused) == ["done", "done"]
        assert states(client) == ["paused", "paused"]
        resumed = ask(client, "resume", selection={"tag": "nightly", "states": ["paused"]})
        assert outcomes(resumed) == ["done", "done"]
        assert states(client) == ["queued", "queued"]

    def test_what_cannot_be_is_refused_for_that_run_and_says_why(
        self, client: httpx.Client, database: Database
    ):
        """One finished run among many must not spoil the command for the others."""
        experiment_id = some_runs(database)
        done = finish(database)

        answer = ask(client, "pause", selection={"experiment_id": str(experiment_id)})

        by_run = {target["run_id"]: target for target in answer.json()["targets"]}
        assert by_run[str(done.run_id)]["outcome"] == "refused"
        assert "finished" in by_run[str(done.run_id)]["why"]
        assert sorted(outcomes(answer)) == ["done", "refused"]

    def test_the_outcome_of_a_run_at_work_is_waited_for(self, client: httpx.Client, database: Database):
        """202 now; the answer to the waiting request comes as soon as the trainer has left."""
        some_runs(database)
        lease = claim(database)
        train(database, lease, range(2))
        given = ask(client, "pause", selection={"run_ids": [str(lease.run_id)]})
        assert given.status_code == 202
        assert outcomes(given) == ["pending"]

        leaving = threading.Timer(0.3, end, (database, lease, RunState.PAUSED))
        leaving.start()
        settled = client.get(given.headers["location"], params={"wait_s": 30}, timeout=60)
        leaving.join()

        assert settled.json()["settled"]
        assert outcomes(settled) == ["done"]

    def test_the_same_key_again_is_the_same_command(self, client: httpx.Client, database: Database):
        """A script that did not hear the answer repeats its request; nothing may happen twice."""
        experiment_id = some_runs(database)
        body = {"selection": {"experiment_id": str(experiment_id)}}

        first = ask(client, "rerun", key="k1", **body)
        again = ask(client, "rerun", key="k1", **body)
        other = ask(client, "pause", key="k1", **body)

        assert first.json() == again.json()
        assert client.get("/api/runs").json()["total"] == 4
        assert other.status_code == 409

    def test_a_deletion_needs_the_number_of_runs(self, client: httpx.Client, database: Database):
        """A selection that catches more than was meant is noticed before it is too late."""
        experiment_id = some_runs(database)
        selection = {"experiment_id": str(experiment_id)}

        silent = ask(client, "delete", selection=selection)
        wrong = ask(client, "delete", selection=selection, confirmation="delete 1 run")
        assert silent.status_code == wrong.status_code == 400
        assert "delete 2 runs" in silent.json()["detail"]
        assert len(states(client)) == 2

        right = ask(client, "delete", key="d", selection=selection, confirmation="delete 2 runs")
        again = ask(client, "delete", key="d", selection=selection, confirmation="delete 2 runs")

        assert outcomes(right) == ["done", "done"]
        assert again.json() == right.json()
        assert states(client) == []

    @pytest.mark.parametrize(
        ("body", "status", "word"),
        [
            ({"verb": "explode", "selection": {"tag": "nightly"}}, 422, "verb"),
            ({"verb": "pause", "selection": {}}, 400, "selection"),
            ({"verb": "pause", "selection": {"states": ["queued"]}}, 400, "states alone"),
            ({"verb": "pause", "selection": {"tag": "none"}}, 404, "no run"),
            ({"verb": "pause", "selection": {"run_ids": [str(UUID(int=7))]}}, 404, "no run"),
            ({"verb": "extend", "selection": {"tag": "nightly"}}, 400, "epochs"),
            ({"verb": "extend", "selection": {"tag": "nightly"}, "arguments": {"epochs": -1}}, 400, "epochs"),
            ({"verb": "pause", "selection": {"tag": "nightly"}, "arguments": {"x": 1}}, 400, "x"),
            ({"verb": "pause", "selection": {"tag": "nightly", "colour": 1}}, 422, "colour"),
            ({"verb": "pause"}, 422, "selection"),
        ],
        ids=str,
    )
    def test_nonsense_is_a_problem_with_its_reason(
        self, body, status: int, word: str, client: httpx.Client, database: Database
    ):
        """A script's author reads one sentence and knows what to send."""
        some_runs(database)

        answer = client.post("/api/commands", json=body)

        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert word in answer.json()["detail"]
        assert states(client) == ["queued", "queued"]

    def test_commands_are_kept_and_listed(self, client: httpx.Client, database: Database):
        """Who asked what, and what became of it, stays."""
        experiment_id = some_runs(database)
        run_id = client.get("/api/runs").json()["runs"][0]["run_id"]
        ask(client, "pause", selection={"experiment_id": str(experiment_id)})
        ask(client, "prioritise", selection={"run_ids": [run_id]}, arguments={"priority": 7})

        listed = client.get("/api/commands", params={"run_id": run_id}).json()["commands"]

        assert [command["verb"] for command in listed] == ["prioritise", "pause"]
        assert listed[0]["by"] == "local"
        assert client.get(f"/api/commands/{uuid4()}").status_code == 404

    def test_runs_of_somebody_else_are_not_found(self, client: httpx.Client, database: Database):
        """A command must not tell that a run exists, and least of all touch it."""
        some_runs(database)
        run_id = client.get("/api/runs").json()["runs"][0]["run_id"]
        with database.connection() as conn:
            other = conn.execute("INSERT INTO users (name) VALUES ('other') RETURNING user_id").fetchone()
            assert other is not None
            conn.execute("UPDATE experiments SET owner_id = %s", other)
            conn.execute("UPDATE runs SET owner_id = %s", other)
            # An administrator would see everybody's; for the length of this test there is none.
            conn.execute("UPDATE users SET role = 'user' WHERE is_local")

        answer = ask(client, "stop", selection={"run_ids": [run_id]})

        assert answer.status_code == 404
        with database.connection() as conn:
            assert {row[0] for row in conn.execute("SELECT state FROM runs")} == {"queued"}
            conn.execute("UPDATE users SET role = 'administrator' WHERE is_local")


class TestWhatHappened:
    def test_an_experiment_tells_how_far_its_runs_are(self, client: httpx.Client, database: Database):
        """The overview of many runs is one request."""
        experiment_id = some_runs(database)
        finish(database)

        listed = client.get("/api/experiments").json()
        one = client.get(f"/api/experiments/{experiment_id}").json()

        assert listed == {"total": 1, "experiments": [one]}
        assert one["runs"] == 2
        assert one["states"] == {"finished": 1, "queued": 1}
        assert (one["epochs_done"], one["total_epochs"]) == (20, 40)
        assert client.get(f"/api/experiments/{uuid4()}").status_code == 404

    def test_history_log_and_adaptations_are_read(self, client: httpx.Client, database: Database):
        """Why a run is as it is: who changed its state, what it said, how its learning rate went."""
        some_runs(database)
        lease = claim(database)
        train(database, lease, range(2))
        with database.connection() as conn:
            at = conn.execute("SELECT now()").fetchone()[0]
            said = tuple(LogLine(n, "stdout", "", f"line {n}", at) for n in range(5))
            changed = Adaptation("learning_rate", 1, 45, 0.01, 0.005, "step: x 0.5 every epoch", at)
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (*said, changed))])

        run = f"/api/runs/{lease.run_id}"
        history = client.get(f"{run}/history").json()
        first = client.get(f"{run}/logs", params={"limit": 3}).json()
        rest = client.get(f"{run}/logs", params={"limit": 3, "after": first["next"]}).json()
        adaptations = client.get(f"{run}/adaptations").json()

        assert [change["state"] for change in history][:2] == ["queued", "starting"]
        assert [line["text"] for line in first["lines"] + rest["lines"]] == [f"line {n}" for n in range(5)]
        assert [(one["old"], one["new"], one["epoch"]) for one in adaptations] == [(0.01, 0.005, 1)]
        assert client.get(f"{run}/logs", params={"after": "nonsense"}).status_code == 422

    def test_a_learning_rate_that_is_no_number_is_told(self, client: httpx.Client, database: Database):
        """Imported runs may have had one; the page of such a run must not be an error of the server."""
        some_runs(database)
        lease = claim(database)
        with database.connection() as conn:
            at = conn.execute("SELECT now()").fetchone()[0]
            lost = Adaptation("learning_rate", 1, 45, float("inf"), float("nan"), "formula", at)
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (lost,))])

        adaptations = client.get(f"/api/runs/{lease.run_id}/adaptations").json()
        report = client.get(f"/api/runs/{lease.run_id}/report").json()

        assert [(one["old"], one["new"]) for one in adaptations] == [("Infinity", "NaN")]
        assert report["adaptations"] == adaptations

    def test_runs_are_filtered_by_tag_and_state(self, client: httpx.Client, database: Database):
        """A script asks for what has failed, not for everything."""
        some_runs(database)
        submit(database, "Other", run_specs("Other"))
        finish(database)

        found = client.get("/api/runs", params={"tag": "nightly", "state": ["finished", "failed"]}).json()

        assert found["total"] == 1
        assert found["runs"][0]["state"] == "finished"


class TestCheckpointFiles:
    def test_a_checkpoint_is_downloaded_as_it_is(self, client: httpx.Client, database: Database, home: Home):
        """What is on the platform can be taken away, whole."""
        some_runs(database)
        lease = finish(database)
        path = CheckpointFolder(home, lease.run_id).path("last")
        path.parent.mkdir(parents=True, exist_ok=True)
        place = {"epochs_done": 20, "batches_done": 0, "steps_done": 900}
        write_archive(path, {"place": place, "callbacks": {}}, {"model/0": np.arange(3.0)})

        answer = client.get(f"/api/runs/{lease.run_id}/checkpoints/last", params={"as": "checkpoint"})

        assert answer.status_code == 200, answer.text
        assert answer.content == path.read_bytes()
        assert "attachment" in answer.headers["content-disposition"]

    @pytest.mark.parametrize(("name", "status"), [("best", 404), ("..%2F..%2Fetc", 404), ("nonsense", 404)])
    def test_only_checkpoints_are_files(
        self, name: str, status: int, client: httpx.Client, database: Database
    ):
        """A name must lead nowhere but into the folder of the run."""
        some_runs(database)
        lease = finish(database)

        answer = client.get(f"/api/runs/{lease.run_id}/checkpoints/{name}", params={"as": "checkpoint"})

        assert answer.status_code == status


def test_the_interface_shows_how_to_command(client: httpx.Client):
    """A person copies an example and changes it."""
    described = client.get("/api/openapi.json").json()

    post = described["paths"]["/api/commands"]["post"]
    assert described["openapi"].startswith("3.1")
    assert "pause an experiment" in post["requestBody"]["content"]["application/json"]["examples"]
    assert {"200", "202", "400", "404", "409", "422"} <= post["responses"].keys()
