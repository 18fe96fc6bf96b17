"""What has not changed is not sent again; what others have changed is not overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client
from tests.web_examples import claim, run_specs, submit, train


@pytest.fixture
def client(tmp_path, database: Database) -> Iterator[httpx.Client]:
    """Signed in by token, as an administrator."""
    with rest_client(tmp_path, database) as client:
        yield client


def test_what_is_known_is_not_sent_again(client: httpx.Client, database: Database):
    """Whoever looks often pays for changes only."""
    submit(database, "Grid", run_specs("Grid"))
    lease = claim(database)
    first = client.get("/api/runs")
    known = {"if-none-match": first.headers["etag"]}

    same = client.get("/api/runs", headers=known)
    train(database, lease, range(1))
    other = client.get("/api/runs", headers=known)

    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]


def test_settings_that_somebody_else_has_changed_are_not_overwritten(client: httpx.Client):
    """Two administrators with the same page open: the second is told."""
    read = client.get("/api/settings")
    mine = {"if-match": read.headers["etag"]}
    wanted = read.json()

    first = client.put("/api/settings", json={**wanted, "registration": "open"}, headers=mine)
    second = client.put("/api/settings", json={**wanted, "registration": "closed"}, headers=mine)
    meant = client.put("/api/settings", json={**wanted, "registration": "closed"}, headers={"if-match": "*"})

    assert (first.status_code, second.status_code, meant.status_code) == (200, 412, 200)
    assert "read it again" in second.json()["detail"]


def test_a_profile_is_guarded_likewise(client: httpx.Client):
    """And whoever sends no condition is believed."""
    read = client.get("/api/me")
    mine = {"if-match": read.headers["etag"]}

    assert client.patch("/api/me", json={"full_name": "Ada"}, headers=mine).status_code == 200
    assert client.patch("/api/me", json={"full_name": "Bob"}, headers=mine).status_code == 412
    assert client.get("/api/me").json()["full_name"] == "Ada"
    assert client.patch("/api/me", json={"full_name": "Bob"}).status_code == 200


def test_of_two_changes_at_the_same_moment_one_wins(client: httpx.Client):
    """Between the look and the change there must be no room for another."""
    for _ in range(5):
        mine = {"if-match": client.get("/api/me").headers["etag"]}
        read = client.get("/api/settings")
        settings = {"if-match": read.headers["etag"]}
        other = "open" if read.json()["registration"] == "closed" else "closed"

        def rename(number: int, mine: dict[str, str] = mine) -> int:
            name = {"full_name": f"Ada {number} {mine['if-match'][1:5]}"}
            return client.patch("/api/me", json=name, headers=mine).status_code

        wanted = {**read.json(), "registration": other}

        def change(_: int, wanted: dict[str, str] = wanted, settings: dict[str, str] = settings) -> int:
            return client.put("/api/settings", json=wanted, headers=settings).status_code

        with ThreadPoolExecutor(4) as threads:
            renamed, changed = threads.map(rename, range(4)), threads.map(change, range(4))
            assert Counter(renamed) == {200: 1, 412: 3}
            assert Counter(changed) == {200: 1, 412: 3}
