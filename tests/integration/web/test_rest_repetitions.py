"""A script that was cut off sends its request again: what the first has made is not made twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client


@pytest.fixture(scope="module")
def client(tmp_path_factory, module_database: Database) -> Iterator[httpx.Client]:
    """The local account."""
    with rest_client(tmp_path_factory.mktemp("home"), module_database) as client:
        yield client


def make_token(client: httpx.Client, name: str, key: str) -> httpx.Response:
    """Ask for a token."""
    return client.post("/api/me/tokens", json={"name": name}, headers={"idempotency-key": key})


def names(client: httpx.Client) -> list[str]:
    """Of the tokens that there are."""
    return [one["name"] for one in client.get("/api/me/tokens").json()["tokens"]]


def test_the_same_again_is_answered_as_the_first(client: httpx.Client):
    """Also the token itself, which nobody could be shown a second time."""
    first, again = make_token(client, "once", "a"), make_token(client, "once", "a")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert names(client).count("once") == 1


def test_two_at_the_same_moment_make_one(client: httpx.Client):
    """The second waits for the first."""
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: make_token(client, "together", "b"), range(4)))

    assert len({answer.json()["token"] for answer in answers}) == 1
    assert names(client).count("together") == 1


def test_a_key_that_comes_with_something_else_is_refused(client: httpx.Client):
    """Whoever uses a key twice by mistake must not believe that the second was made."""
    make_token(client, "this", "c")

    answer = make_token(client, "that", "c")

    assert answer.status_code == 409
    assert "that" not in names(client)


def test_what_was_refused_may_be_tried_again(client: httpx.Client):
    """A mistake does not use the key up."""
    bad = client.post("/api/me/tokens", json={"name": ""}, headers={"idempotency-key": "d"})
    good = make_token(client, "mended", "d")

    assert (bad.status_code, good.status_code) == (422, 201)
