"""Data and models come in over REST: uploaded, checked, kept within limits."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import numpy as np
import pytest

from nntracker_ray.datasets import Limits
from nntracker_ray.home import Home
from nntracker_ray.storage import settings
from nntracker_ray.storage.connection import Database
from tests.integration.web.new_experiments.iris import FILE, IRIS, MODEL, somebody, upload


class TestDatasets:
    def test_an_upload_says_what_was_found_in_it(self, bob: httpx.Client):
        """People see at once whether it was read as they meant it."""
        answer = upload(bob, "datasets", "flowers.arff", IRIS.read_bytes())

        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert told["digest"] == hashlib.sha256(IRIS.read_bytes()).hexdigest()
        assert (told["format"], told["rows"], told["column_count"]) == ("arff", 150, 5)
        assert {"kind", "unique", "minimum", "preview"} <= told["columns"][0].keys()
        assert bob.get(answer.headers["location"]).json() == told

    def test_the_same_upload_again_is_the_same_dataset(self, stored: httpx.Client):
        """A client that lost the answer sends it again."""
        first = upload(stored, "datasets", "iris.arff", IRIS.read_bytes())
        second = upload(stored, "datasets", "iris.arff", IRIS.read_bytes())

        assert second.status_code == 200
        assert first.json()["dataset_id"] == second.json()["dataset_id"]

    def test_another_file_under_the_same_name_is_refused_or_numbered(self, stored: httpx.Client):
        """Nobody's data change under their hands."""
        other = b"a,b\n1,2\n3,4\n"

        refused = upload(stored, "datasets", "iris.arff", other)
        numbered = upload(stored, "datasets", "iris.arff", other, renumber=True)

        assert refused.status_code == 409
        assert numbered.json()["name"] == "iris (2).arff"

    def test_a_digest_says_whether_it_must_be_sent(self, stored: httpx.Client, bob: httpx.Client):
        """Nothing is sent twice, and nobody learns what others have."""
        secret = b"x,y\n1,2\n5,6\n"
        upload(stored, "datasets", "secret.csv", secret)
        digest = f"sha256:{hashlib.sha256(secret).hexdigest()}"

        assert stored.get("/api/datasets", params={"digest": digest}).json()["total"] == 1
        assert bob.get("/api/datasets", params={"digest": digest}).json()["total"] == 0

    @pytest.mark.parametrize(
        ("name", "content", "word"),
        [
            ("../../etc/passwd", b"a,b\n1,2\n", "allowed"),
            (".hidden", b"a,b\n1,2\n", "allowed"),
            ("empty.csv", b"", "nothing came"),
            ("strange.bin", b"\x00\x01\x02\x03", "strange.bin"),
            ("half.npz", b"PK\x03\x04broken", "half.npz"),
        ],
    )
    def test_what_cannot_be_used_is_refused_with_reasons(self, stored, name: str, content: bytes, word: str):
        """Hostile names and broken files end here."""
        answer = upload(stored, "datasets", name, content)

        assert answer.status_code == 400, answer.text
        assert word in answer.json()["detail"]

    def test_too_large_a_file_is_refused_before_it_is_read(self, stored: httpx.Client):
        """The length that is declared is enough to say no."""
        url = stored.base_url
        connection = http.client.HTTPConnection(url.host, url.port, timeout=20)
        connection.putrequest("POST", "/api/datasets?name=huge.csv")
        for name in ("origin", "cookie"):
            connection.putheader(name, stored.headers[name])
        connection.putheader("content-length", str(Limits().file_bytes + 1))
        connection.endheaders()

        assert connection.getresponse().status == 413
        connection.close()

    def test_others_use_what_is_public_and_nothing_else(self, stored: httpx.Client, bob: httpx.Client):
        """A private dataset is not there for others."""
        made = upload(stored, "datasets", "shared.csv", b"a,b\n7,8\n9,1\n").json()
        place = f"/api/datasets/{made['dataset_id']}"

        assert bob.get(place).status_code == 404
        assert stored.patch(place, json={"is_public": True}).status_code == 200
        assert bob.get(place).status_code == 200
        assert bob.patch(place, json={"is_public": False}).status_code == 404
        assert bob.delete(place).status_code == 404
        assert stored.delete(place).status_code == 204
        assert stored.get(place).status_code == 404

    def test_nan_in_a_preview_is_json(self, stored: httpx.Client):
        """JSON has no NaN; a page of datasets must not break by one."""
        file = io.BytesIO()
        np.savez(file, x=np.array([np.nan, np.inf, 1.0]), y=np.array([0, 1, 1]))

        answer = upload(stored, "datasets", "strange.npz", file.getvalue())

        assert answer.status_code == 201, answer.text
        assert stored.get("/api/datasets").status_code == 200

    @pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "<img src=x onerror=alert(1)>", "\\u202e"])
    def test_strange_text_inside_is_no_server_error(self, stored: httpx.Client, text: str):
        """Whatever stands in a file, lists of datasets must not break by it."""
        content = f'{{"{text}": ["{text}", "b"], "n": [1, 2]}}'.encode()

        answer = upload(stored, "datasets", "strange.json", content, renumber=True)

        assert answer.status_code in (201, 400), answer.text
        assert stored.get("/api/datasets").status_code == 200
        assert stored.get("/api/datasets", params={"search": "\x00"}).status_code == 422

    @pytest.mark.parametrize("source", ['"\\0"', '"\\ud800"', '"sha256:"', "''", "/", "a/b/c", "x" * 1999])
    def test_strange_sources_are_no_server_error(self, stored: httpx.Client, source: str):
        """A name is looked for in the database; the database must not be what refuses it."""
        told = stored.post("/api/experiments/preview", content=FILE.replace("iris.arff", source))

        assert told.status_code == 200, told.text
        assert not told.json()["can_submit"]


class TestModels:
    def test_an_upload_says_what_the_model_is(self, bob: httpx.Client):
        """Layers, shapes and parameters, without building it."""
        answer = upload(bob, "models", "mine", MODEL.read_bytes())

        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert told["parameters"] == sum(layer["parameters"] for layer in told["layers"])
        assert told["input_shape"] == [4]
        json_again = bob.get(f"/api/models/{told['model_id']}/json")
        assert upload(bob, "models", "mine", json_again.content).status_code == 200

    def test_what_is_no_model_is_refused(self, bob: httpx.Client):
        """By the strict schema, as everywhere."""
        bad = json.loads(MODEL.read_text())
        bad["config"]["layers"][1]["class_name"] = "Lambda"

        answer = upload(bob, "models", "bad", json.dumps(bad).encode())

        assert answer.status_code == 400
        assert "Lambda" in answer.json()["detail"]
        assert upload(bob, "models", "long", b" " * 2_000_000).status_code == 413

    def test_strange_names_of_layers_are_no_server_error(self, bob: httpx.Client):
        """Names of layers come back in lists of models."""
        for name in ("\\u0000", "\\ud800", "<b>"):
            text = MODEL.read_text().replace('"hidden"', f'"{name}"')
            assert upload(bob, "models", "strange", text.encode(), renumber=True).status_code in (201, 400)
        assert bob.get("/api/models").status_code == 200

    def test_behind_the_last_page_the_total_is_still_told(self, bob: httpx.Client):
        """Who pages on must learn where the end is."""
        upload(bob, "models", "mine", MODEL.read_bytes())

        told = bob.get("/api/models", params={"offset": 1000}).json()

        assert told["models"] == []
        assert told["total"] >= 1


class TestRoomForUploads:
    """One account must not fill the disk of all."""

    @pytest.fixture
    def small(self, client: httpx.Client, module_database: Database) -> Iterator[None]:
        """Two kilobytes an account."""
        before = client.get("/api/settings").json()
        self._set(module_database, 2e-6)
        yield
        self._set(module_database, before["upload_quota_gb"])

    def _set(self, database: Database, gigabytes: float) -> None:
        with database.connection() as conn:
            settings.set_settings(conn, {"upload_quota_gb": gigabytes}, by="local")

    @pytest.fixture
    def eve(self, client: httpx.Client, module_database: Database) -> Iterator[httpx.Client]:
        yield from somebody(client, module_database, f"eve-{uuid4().hex[:6]}")

    def test_what_does_not_fit_is_refused_and_not_kept(self, small: None, eve: httpx.Client, home: Home):
        """And said in words, with what to do."""
        fits = upload(eve, "datasets", "a.csv", b"a,b\n" + b"1,2\n" * 300)
        before = set(home.datasets.iterdir())
        refused = upload(eve, "datasets", "b.csv", b"a,b\n" + b"3,4\n" * 300)
        model = upload(eve, "models", "m", MODEL.read_bytes())
        again = upload(eve, "datasets", "a.csv", b"a,b\n" + b"1,2\n" * 300)

        assert fits.status_code == 201, fits.text
        assert (refused.status_code, model.status_code) == (413, 413)
        assert "ask an administrator" in refused.json()["detail"]
        assert set(home.datasets.iterdir()) == before
        assert again.status_code == 200
        assert eve.get("/api/datasets", params={"name": "b.csv"}).json()["total"] == 0

    def test_of_two_at_once_only_what_fits_stays(self, small: None, eve: httpx.Client):
        """Else many small requests would do what a large one may not."""
        contents = [b"a,b\n" + f"{n},2\n".encode() * 300 for n in range(4)]

        with ThreadPoolExecutor(4) as threads:
            answers = list(
                threads.map(lambda n: upload(eve, "datasets", f"{n}.csv", contents[n]).status_code, range(4))
            )

        assert sorted(answers) == [201, 413, 413, 413]

    def test_administrators_set_it(self, client: httpx.Client, eve: httpx.Client):
        """What is left out of the settings stays as it is."""
        read = client.get("/api/settings").json()
        changed = client.put("/api/settings", json={**read, "upload_quota_gb": 7.5})
        other = client.put("/api/settings", json={"registration": read["registration"]})
        wrong = client.put("/api/settings", json={**read, "upload_quota_gb": -1})
        client.put("/api/settings", json=read)

        assert (changed.json()["upload_quota_gb"], other.json()["upload_quota_gb"]) == (7.5, 7.5)
        assert wrong.status_code == 422
