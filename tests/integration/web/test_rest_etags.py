"""What has not changed is not sent again; what others have changed is not overwritten."""

from __future__ import annotations

from collections.abc import Iterator

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
