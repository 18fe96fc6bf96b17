"""A script that was cut off sends its request again: what the first has made is not made twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from nntracker_ray.errors import ConflictError
from nntracker_ray.storage import repetition_writes as kept
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client
from tests.web_examples import web_server


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


def test_another_server_answers_as_the_first(
    client: httpx.Client, module_database: Database, tmp_path_factory
):
    """Of two replicas either may get the second request, and after a restart there is no other."""
    first = make_token(client, "anywhere", "e")
    with (
        web_server(tmp_path_factory.mktemp("replica"), module_database.dsn) as address,
        httpx.Client(base_url=address, headers=client.headers, timeout=30) as other,
    ):
        again = make_token(other, "anywhere", "e")
        with ThreadPoolExecutor(4) as threads:
            doors = [client, other, client, other]
            answers = list(threads.map(lambda door: make_token(door, "both", "f"), doors))

    assert (again.status_code, again.json()) == (201, first.json())
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert names(client).count("both") == names(client).count("anywhere") == 1


def test_the_database_does_not_hold_what_was_shown_once(client: httpx.Client, module_database: Database):
    """Whoever reads a backup must not find tokens in it."""
    token = make_token(client, "shown once", "g").json()["token"]

    with module_database.connection() as conn:
        rows = conn.execute("SELECT answer, body_mac, request FROM repeated_requests").fetchall()

    assert rows
    assert not any(token.encode() in bytes(answer) for answer, _, _ in rows)


def test_another_token_of_the_same_person_learns_nothing(client: httpx.Client):
    """A token that may less must not read what a better one has made."""
    wanted = {"json": {"name": "mine", "scopes": ["read", "act"]}, "headers": {"idempotency-key": "h"}}
    first = client.post("/api/me/tokens", **wanted)
    with httpx.Client(base_url=client.base_url, timeout=30) as other:
        other.headers["authorization"] = f"Bearer {first.json()['token']}"
        answer = other.post("/api/me/tokens", **wanted)

    assert answer.status_code == 409
    assert first.json()["token"] not in answer.text


def local_claim(database: Database, key: str) -> kept.Claim:
    """As the server makes it for the local account's tokens."""
    with database.connection() as conn:
        return kept.Claim(writes.ensure_local_account(conn), "POST /api/me/tokens", key)


def claim(database: Database, claim: kept.Claim, *, patience_s: float = 60.0) -> kept.Known | None:
    with database.connection() as conn:
        return kept.claim_request(conn, claim, credential=b"c", body_mac=b"b", patience_s=patience_s)


class TestServersThatDie:
    def test_what_had_no_effect_is_answered_anew(self, module_database: Database):
        """A key must not be lost with the server that took it."""
        claim(module_database, local_claim(module_database, "dead"))

        soon = claim(module_database, local_claim(module_database, "dead"))
        later = claim(module_database, local_claim(module_database, "dead"), patience_s=0.0)

        assert soon is not None
        assert later is None

    def test_what_had_its_effect_is_not_done_again(self, module_database: Database):
        """The effect says so in its own transaction: there is no moment between the two."""
        mine = local_claim(module_database, "acted")
        claim(module_database, mine)
        with kept.answering(mine), module_database.connection() as conn:
            conn.execute("INSERT INTO settings (key, value, by) VALUES ('x', '1', 'me')")

        known = claim(module_database, local_claim(module_database, "acted"), patience_s=0.0)

        assert known is not None
        assert known.has_acted

    def test_looking_is_no_effect(self, module_database: Database):
        """Else a request that died while it looked around could never be sent again."""
        mine = local_claim(module_database, "looked")
        claim(module_database, mine)
        with kept.answering(mine), module_database.connection() as conn:
            conn.execute("SELECT * FROM settings")

        assert claim(module_database, local_claim(module_database, "looked"), patience_s=0.0) is None

    def test_the_slow_one_whose_request_was_taken_over_changes_nothing(self, module_database: Database):
        """It only seemed dead: two effects of one key would be the very thing that keys are for."""
        slow = local_claim(module_database, "slow")
        claim(module_database, slow)
        claim(module_database, local_claim(module_database, "slow"), patience_s=0.0)

        with pytest.raises(ConflictError), kept.answering(slow), module_database.connection() as conn:
            conn.execute("INSERT INTO settings (key, value, by) VALUES ('slow', '1', 'me')")

        with module_database.connection() as conn:
            assert conn.execute("SELECT FROM settings WHERE key = 'slow'").fetchone() is None

    def test_a_day_later_it_is_forgotten(self, module_database: Database):
        """Keys would fill the database."""
        claim(module_database, local_claim(module_database, "old"))
        with module_database.connection() as conn:
            conn.execute("UPDATE repeated_requests SET asked_at = now() - interval '25 h' WHERE key = 'old'")

        claim(module_database, local_claim(module_database, "new"))

        with module_database.connection() as conn:
            assert conn.execute("SELECT FROM repeated_requests WHERE key = 'old'").fetchone() is None


def test_the_second_lock_hides_the_requests_of_others(module_database: Database):
    """Also from a query that forgets to ask who looks."""
    with module_database.connection() as conn:
        conn.execute("SELECT set_config('nntracker.viewer', gen_random_uuid()::text, true)")
        conn.execute("SET LOCAL ROLE nntracker_web")
        assert conn.execute("SELECT FROM repeated_requests").fetchall() == []
