"""Scripts search, sort, find, tag, and say what they mean in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from nntracker_ray.records import NamedConf
from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client
from tests.web_examples import finish, run_specs, submit


@pytest.fixture(scope="module")
def client(tmp_path_factory, module_database: Database) -> Iterator[httpx.Client]:
    """One server for the module; tests only read, or change what they have made."""
    submit(module_database, "Digits", run_specs("Digits", optimizers=[NamedConf("Adam"), NamedConf("SGD")]))
    submit(module_database, "Iris", run_specs("Iris", folds=2, tags=["nightly"]))
    finish(module_database)
    with rest_client(tmp_path_factory.mktemp("home"), module_database) as client:
        yield client


def names(client: httpx.Client, **asked) -> list[str]:
    """Names of the runs that match."""
    answer = client.get("/api/runs", params=asked)
    assert answer.status_code == 200, answer.text
    return [run["name"] for run in answer.json()["runs"]]


class TestList:
    def test_a_search_looks_at_names_experiments_and_tags(self, client: httpx.Client):
        """One field for what a person remembers."""
        assert names(client, search="dIgIt") == ["Digits (O1)", "Digits (O2)"]
        assert names(client, search="nightly") == ["Iris (1)", "Iris (2)"]
        assert names(client, search="no such") == []

    def test_it_is_sorted_as_asked(self, client: httpx.Client):
        """Also by the last value of a metric; runs without one come last, whichever way."""
        assert names(client, sort="-name", search="Digits") == ["Digits (O2)", "Digits (O1)"]
        assert names(client, sort="metric:loss")[0] == names(client, sort="-metric:loss")[0] == "Digits (O1)"

    def test_an_unknown_column_is_named_with_the_nearest(self, client: httpx.Client):
        """A misspelled column must not sort by another."""
        answer = client.get("/api/runs", params={"sort": "nmae"})

        assert answer.status_code == 400
        assert "'name'" in answer.json()["detail"]

    def test_owner_and_time_narrow_it_down(self, client: httpx.Client):
        """Somebody who is not there has no runs; that is no error, and says nothing about accounts."""
        later = (datetime.now(UTC) + timedelta(days=1)).isoformat()

        assert len(names(client, owner="local")) == 4
        assert names(client, owner="nobody at all") == []
        assert names(client, since=later) == []
        assert len(names(client, until=later)) == 4

    def test_the_total_is_known_behind_the_last_page(self, client: httpx.Client):
        """A script that walks pages sees where they end."""
        page = client.get("/api/runs", params={"offset": 100, "limit": 1}).json()

        assert page == {"total": 4, "runs": []}

    @pytest.mark.parametrize("name", ["search", "tag", "owner", "sort"])
    def test_what_no_text_can_hold_is_refused_in_words(self, client: httpx.Client, name: str):
        """PostgreSQL's text has no NUL: the answer is about the request, not about us."""
        assert client.get("/api/runs", params={name: "a\x00b"}).status_code == 422


class TestWords:
    def test_a_word_is_an_id(self, client: httpx.Client):
        """What the command line understands, every script can have."""
        run_id = client.get("/api/find", params={"word": "3"}).json()["id"]
        experiment_id = client.get("/api/find", params={"word": "Iris", "kind": "experiment"}).json()["id"]

        run = client.get(f"/api/runs/{run_id}").json()
        assert (run["run_no"], run["experiment_id"]) == (3, experiment_id)
        assert client.get("/api/find", params={"word": run_id[:8]}).json()["id"] == run_id

    def test_a_word_that_means_nothing_names_the_nearest(self, client: httpx.Client):
        """As everywhere."""
        answer = client.get("/api/find", params={"word": "Iirs", "kind": "experiment"})

        assert answer.status_code == 404
        assert "'Iris'" in answer.json()["detail"]

    def test_names_are_offered_by_their_beginning(self, client: httpx.Client):
        """What a shell completes."""
        assert client.get("/api/names", params={"kind": "experiment", "start": "D"}).json() == {
            "names": ["Digits"]
        }
        assert client.get("/api/names", params={"kind": "tag"}).json()["names"] == ["nightly"]

    def test_runs_are_tagged_by_words_and_the_same_again_changes_nothing(self, client: httpx.Client):
        """The first is new, the second is known."""
        change = {"selection": {"runs": ["1", "Iris (1)"]}, "add": ["best"]}

        first = client.post("/api/runs/tags", json=change).json()
        again = client.post("/api/runs/tags", json=change).json()
        found = {tag["tag"]: tag["runs"] for tag in client.get("/api/tags").json()["tags"]}
        client.post("/api/runs/tags", json={"selection": {"tag": "best"}, "remove": ["best"]})

        assert (first, again) == ({"runs": 2, "changed": 2}, {"runs": 2, "changed": 0})
        assert found == {"nightly": 2, "best": 2}
        assert names(client, tag="best") == []

    def test_everything_must_be_said_alone(self, client: httpx.Client):
        """Everything and a tag: one of the two was a slip."""
        both = {"everything": True, "tag": "nightly"}

        answer = client.post("/api/deletion-preview", json={"selection": both})

        assert answer.status_code == 400
        assert "narrower" in answer.json()["detail"]


class TestCommands:
    def test_a_deletion_says_what_is_lost_and_which_text_confirms_it(
        self, client: httpx.Client, module_database: Database
    ):
        """Nothing is lost by a request that was sent by mistake."""
        submit(module_database, "Doomed", run_specs("Doomed", folds=2))
        asked = {"verb": "delete", "selection": {"experiment": "Doomed", "said": "-e Doomed"}}

        preview = client.post("/api/deletion-preview", json={"selection": {"experiment": "Doomed"}}).json()
        refused = client.post("/api/commands", json=asked, headers={"idempotency-key": "once"})
        asked["confirmation"] = refused.json()["confirmation"]
        done = client.post("/api/commands", json=asked, headers={"idempotency-key": "once"})
        del asked["confirmation"]
        again = client.post("/api/commands", json=asked, headers={"idempotency-key": "once"})

        assert [one["run"]["name"] for one in preview["runs"]] == ["Doomed (1)", "Doomed (2)"]
        assert preview["confirmation"] == "delete 2 runs" == refused.json()["confirmation"]
        assert (refused.status_code, done.status_code) == (400, 200)
        # The experiment is gone by now, and with it what its name meant: the words are known by their key.
        assert again.json()["command_id"] == done.json()["command_id"]

    def test_the_queue_tells_states_and_work(self, client: httpx.Client):
        """What `nntracker top` shows."""
        told = client.get("/api/queue").json()

        assert told["states"]["queued"]["runs"] == 3
        assert told["work"] == []

    def test_a_share_is_changed_by_administrators(self, client: httpx.Client):
        """Limits that cannot be are refused with what is allowed."""
        wanted = {"weight": 2, "max_running": 4, "max_queued": None}

        changed = client.put("/api/shares/local", json=wanted).json()["users"][0]
        refused = client.put("/api/shares/local", json={**wanted, "weight": 0})

        assert (changed["weight"], changed["max_running"]) == (2, 4)
        assert (refused.status_code, "0.001 to 1000" in refused.json()["detail"]) == (400, True)


def test_a_report_holds_everything_of_a_run(client: httpx.Client):
    """One question, one moment: parts that fit together."""
    run = client.get("/api/runs", params={"sort": "-metric:loss", "limit": 1}).json()["runs"][0]

    report = client.get(f"/api/runs/{run['run_id']}/report").json()

    assert report["run"]["state"] == "finished"
    assert [change["state"] for change in report["history"]][-1] == "finished"
    assert report["specification"]["run_id"] == run["run_id"]
    assert UUID(report["cost"]["run_id"]) == UUID(run["run_id"])
    assert report["queued"] >= 2
