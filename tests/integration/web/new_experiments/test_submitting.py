"""Experiments come in over REST: previewed, submitted."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from nntracker_ray.records import Batch, MetricPoint, Observed, RunSpec, from_json
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.integration.web.new_experiments.iris import FILE, IRIS, upload
from tests.web_examples import claim


def submit_text(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/api/experiments", content=text)


def preview_of(client: httpx.Client, text: str) -> dict:
    answer = client.post("/api/experiments/preview", content=text)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestPreview:
    def test_it_names_the_runs_and_their_cost(self, stored: httpx.Client):
        """Nobody should be surprised by a grid after it was submitted."""
        told = preview_of(stored, FILE)

        assert told["can_submit"], told["problems"]
        assert told["data_checked"]
        assert told["names"][:2] == ["Iris (LR1) (1)", "Iris (LR1) (2)"]
        assert (told["runs"], told["epochs"], told["rows"]) == (6, 24, 150)
        assert told["steps"] == 6 * 4 * 4  # 100 of 150 rows, in batches of 32
        assert stored.get("/api/experiments").json()["total"] == 0

    def test_every_problem_has_its_place(self, stored: httpx.Client):
        """Also those of data and model, beside those of the file."""
        told = preview_of(stored, FILE.replace("iris.arff", "gone.arff").replace("flowers", "gone"))
        wrong = preview_of(stored, FILE + "epochs: 3\nbatch_size: 0\n")

        assert {one["path"] for one in told["problems"]} == {"dataset_train", "model"}
        assert {one["path"] for one in wrong["problems"]} == {"epochs", "batch_size"}

    def test_data_that_do_not_fit_are_found_before_submitting(self, stored: httpx.Client):
        """The label column is a matter of the data, not of the file."""
        told = preview_of(stored, FILE.replace("label_column: kind", "label_column: kinds"))

        assert "kinds" in told["problems"][0]["message"]

    def test_looking_inside_has_its_estimated_cost(self, stored: httpx.Client):
        """Before it is paid."""
        shares = [
            preview_of(stored, FILE + f"introspection: {entries}\n")["looking"]
            for entries in ("[]", "[basic]", "[everything]")
        ]

        assert shares[0] == 0
        assert 0 < shares[1] < shares[2]

    def test_what_cannot_be_looked_at_has_its_place(self, stored: httpx.Client):
        """Found before it is submitted."""
        told = preview_of(stored, FILE + "introspection: [{metric: mean, topics: [wieghts]}]\n")

        (problem,) = told["problems"]
        assert problem["path"] == "introspection[0].topics[0]"
        assert "Did you mean 'weights'?" in problem["message"]

    def test_layers_that_the_model_does_not_have_are_told_with_those_it_has(self, stored: httpx.Client):
        """A run without what was asked for would be trained for nothing; submitting it is refused as well."""
        text = FILE + "introspection: [{metric: mean, layers: [dens]}]\ncapture: {layers: [conv*]}\n"
        told, refused = preview_of(stored, text), submit_text(stored, text)

        assert [one["path"] for one in told["problems"]] == [
            "capture.layers[0]",
            "introspection[0].layers[0]",
        ]
        assert "The model's layers: " in told["problems"][0]["message"]
        assert refused.status_code == 400
        assert refused.json()["problems"] == told["problems"]

    def test_json_is_read_as_well(self, stored: httpx.Client):
        """The same file in either language."""
        tree = {"name": "x", "model": "flowers", "dataset_train": "iris.arff", "label_column": "kind"}
        text = json.dumps({**tree, "total_epochs": 1, "loss_functions": ["SparseCategoricalCrossentropy"]})

        assert preview_of(stored, text)["runs"] == 1


class TestSubmitting:
    def test_runs_are_queued_for_the_one_who_asks(self, stored: httpx.Client, bob: httpx.Client):
        """And the same experiment again is the same experiment."""
        answer = submit_text(stored, FILE)
        again = submit_text(stored, FILE)

        assert answer.status_code == again.status_code == 201, answer.text
        assert answer.json() == again.json()
        assert answer.json()["runs"] == 6
        place = answer.headers["location"]
        assert stored.get(place).status_code == 200
        assert bob.get(place).status_code == 404
        assert UUID(answer.json()["experiment_id"])

    def test_runs_know_what_to_look_at_inside(self, stored: httpx.Client, module_database: Database):
        """The worker reads it from the database, presets spelled out."""
        answer = submit_text(
            stored, FILE + "introspection: [basic, {metric: norm, conf: {p: '1'}, every: 10}]\n"
        )

        assert answer.status_code == 201, answer.text
        query = "SELECT spec FROM runs WHERE experiment_id = %s"
        with module_database.connection() as conn:
            rows = conn.execute(query, [answer.json()["experiment_id"]]).fetchall()
        specs = [from_json(RunSpec, json.dumps(spec)) for (spec,) in rows]
        assert len(specs) == 6
        assert {len(spec.introspection) for spec in specs} == {6}
        assert specs[0].introspection[0] == Observed("norm", {"p": 1}, ("weights",), 10)
        file = stored.get(f"{answer.headers['location']}/file").text
        assert "introspection:" in file
        assert submit_text(stored, file).json()["experiment_id"] == answer.json()["experiment_id"]

    def test_runs_like_them_say_how_long_they_take(self, stored: httpx.Client, module_database: Database):
        """People plan by the clock, not by steps."""
        submit_text(stored, FILE).raise_for_status()
        assert preview_of(stored, FILE)["seconds"] is None
        lease = claim(module_database)
        point = MetricPoint("epoch_time", 0, 4, 2.5, datetime.now(UTC))
        with module_database.connection() as conn:
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (point,))])

        told = preview_of(stored, FILE.replace("total_epochs: 4", "total_epochs: 10"))

        assert told["seconds"] == 6 * 10 * 2.5

    def test_an_experiment_is_a_file_again(self, stored: httpx.Client, bob: httpx.Client):
        """What was submitted can be changed and submitted again, by whoever has it only as rows."""
        made = submit_text(stored, FILE)
        file = stored.get(f"{made.headers['location']}/file")

        assert submit_text(stored, file.text).json()["experiment_id"] == made.json()["experiment_id"]
        assert bob.get(f"{made.headers['location']}/file").status_code == 404

    @pytest.mark.parametrize(
        "path", ["/etc/passwd", "../iris.arff", str(IRIS), "file:///etc/passwd", "~/data.npz"]
    )
    def test_files_of_the_server_are_never_read(self, stored: httpx.Client, client: httpx.Client, path: str):
        """Whoever is asked over the web, an administrator too, sends what they mean."""
        for somebody in (stored, client):
            answer = submit_text(somebody, FILE.replace("iris.arff", path).replace("flowers", path))

            assert answer.status_code == 400
            told = {one["path"]: one["message"] for one in answer.json()["problems"]}
            assert told.keys() == {"dataset_train", "model"}
            assert "root:" not in answer.text
            assert "upload it" in told["model"]

    @pytest.mark.parametrize("url", ["http://127.0.0.1:5432/x.csv", "http://169.254.169.254/x", "ftp://a/b"])
    def test_urls_lead_nowhere_inside(self, stored: httpx.Client, url: str):
        """The platform must not be anybody's way into the network it stands in."""
        answer = submit_text(stored, FILE.replace("iris.arff", url))

        assert answer.status_code == 400
        assert [one["path"] for one in answer.json()["problems"]] == ["dataset_train"]

    def test_of_two_public_ones_of_a_name_one_is_said_by_its_owner(self, client, stored, bob):
        """A name means one's own first, and never somebody's by chance."""
        for somebody, content in ((client, b"a,b\n1,2\n"), (stored, b"a,b\n3,4\n")):
            assert upload(somebody, "datasets", "same.csv", content, is_public=True).status_code == 201

        unclear = preview_of(bob, FILE.replace("iris.arff", "same.csv"))["problems"]
        clear = preview_of(bob, FILE.replace("iris.arff", "ada/same.csv"))["problems"]
        own = preview_of(stored, FILE.replace("iris.arff", "same.csv"))["problems"]

        assert "'ada/same.csv'" in str([one for one in unclear if one["path"] == "dataset_train"])
        assert "dataset_train" not in {one["path"] for one in clear}
        assert "say which" not in str(own)

    def test_a_stranger_cannot_use_a_digest(self, stored: httpx.Client, bob: httpx.Client):
        """Digests stand in what is shared; they must not open the data behind them."""
        digest = f"sha256:{hashlib.sha256(b'p,q' + bytes([10]) + b'1,2' + bytes([10])).hexdigest()}"
        upload(stored, "datasets", "mine.csv", b"p,q\n1,2\n")

        told = preview_of(bob, FILE.replace("iris.arff", digest))

        assert "dataset_train" in {one["path"] for one in told["problems"]}
        mine = preview_of(stored, FILE.replace("iris.arff", digest))
        assert "no stored" not in str(mine["problems"])

    def test_only_administrators_say_where_checkpoints_go(self, stored: httpx.Client):
        """They are written with the platform's rights."""
        answer = submit_text(stored, FILE + "checkpoints: {location: /srv/data}\n")

        assert answer.status_code == 400
        assert [one["path"] for one in answer.json()["problems"]] == ["checkpoints.location"]

    def test_what_an_experiment_needs_cannot_be_deleted(self, stored: httpx.Client):
        """Its runs may still have to read it."""
        submit_text(stored, FILE).raise_for_status()
        (row,) = stored.get("/api/datasets", params={"name": "iris.arff"}).json()["datasets"]
        (model,) = stored.get("/api/models", params={"name": "flowers"}).json()["models"]

        for place in (f"/api/datasets/{row['dataset_id']}", f"/api/models/{model['model_id']}"):
            answer = stored.delete(place)

            assert answer.status_code == 409
            assert "'Iris'" in answer.json()["detail"]

    def test_what_is_not_text_is_refused(self, stored: httpx.Client):
        """And what is too long is not read."""
        assert stored.post("/api/experiments", content=b"\xff\xfe").status_code == 400
        assert stored.post("/api/experiments", content=b"").status_code == 400
        assert stored.post("/api/experiments", content=b"x" * 1_100_000).status_code == 413
