"""What scripts follow without asking: changed runs, told as they change, to those who may see them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from apps.api.events import MOST_OF_ONE
from nntracker_ray.storage.change_queries import visible_deletions
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import delete_runs
from tests.rest_client import rest_client
from tests.web_examples import claim, run_specs, submit, train


@pytest.fixture
def client(tmp_path, database: Database) -> Iterator[httpx.Client]:
    """Signed in by token."""
    with rest_client(tmp_path, database) as client:
        yield client


def events(answer: httpx.Response) -> Iterator[tuple[str, dict]]:
    """Name and data of each event."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_change_is_told_with_the_run(client: httpx.Client, database: Database):
    """First comes the word to look at everything; then runs as they change."""
    submit(database, "Followed", run_specs("Followed"))
    lease = claim(database)

    with client.stream("GET", "/api/events") as answer:
        heard = events(answer)
        first = next(heard)
        threading.Timer(0.5, train, (database, lease, range(1))).start()
        name, told = next(one for one in heard if one[0] == "runs")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert first == ("all", {})
    assert (name, told) == ("runs", {"run_ids": [str(lease.run_id)]})


def test_runs_of_others_are_not_told(client: httpx.Client, database: Database):
    """Even that something of theirs has changed is nobody else's business."""
    hidden, seen = run_specs("Hidden"), run_specs("Seen")
    submit(database, "Hidden", hidden)
    submit(database, "Seen", seen)
    with database.connection() as conn:
        other = conn.execute("INSERT INTO users (name) VALUES ('other') RETURNING user_id").fetchone()[0]
        conn.execute("UPDATE users SET role = 'user' WHERE name = 'local'")
        for table in ("experiments", "runs"):
            conn.execute(
                f"UPDATE {table} SET owner_id = %s WHERE experiment_id = %s",  # noqa: S608
                [other, hidden[0].experiment_id],
            )

    def change_both() -> None:
        for specs in (hidden, seen):
            with database.connection() as conn:
                conn.execute("SELECT pg_notify('nntracker_runs', %s)", [str(specs[0].run_id)])

    with client.stream("GET", "/api/events") as answer:
        heard = events(answer)
        next(heard)
        threading.Timer(0.5, change_both).start()
        _, told = next(one for one in heard if one[0] == "runs")

    assert told == {"run_ids": [str(seen[0].run_id)]}


def test_a_deletion_is_told_to_those_who_saw_the_run(client: httpx.Client, database: Database):
    """Its owner, and whoever it was shared with, although nothing of it is left; a stranger hears nothing."""
    shared, hidden = run_specs("Shared"), run_specs("Hidden")
    with database.connection() as conn:
        eve = conn.execute("INSERT INTO users (name) VALUES ('eve') RETURNING user_id").fetchone()[0]
    owner = submit(database, "Shared", shared)
    submit(database, "Hidden", hidden, owner_id=eve)
    with database.connection() as conn:
        bob = conn.execute("INSERT INTO users (name) VALUES ('bob') RETURNING user_id").fetchone()[0]
        conn.execute("UPDATE users SET role = 'user' WHERE name = 'local'")
        share = "INSERT INTO experiment_shares (experiment_id, user_id, by) VALUES (%s, %s, 'local')"
        conn.execute(share, [shared[0].experiment_id, bob])

    def delete_both() -> None:
        with database.connection() as conn:
            numbers = [number for (number,) in conn.execute("SELECT run_no FROM runs")]
            delete_runs(conn, numbers, by="ada")

    with client.stream("GET", "/api/events") as answer:
        heard = events(answer)
        assert [next(heard)[0], next(heard)[0]] == ["all", "all"]  # by now it listens
        threading.Timer(0.5, delete_both).start()
        told = next(heard)

    both = [shared[0].run_id, hidden[0].run_id]
    with database.connection() as conn:
        of = {who: visible_deletions(conn, viewer_id=who, run_ids=both) for who in (owner, bob, eve)}
    assert told == ("deleted", {"run_ids": [str(both[0])]})
    assert of == {owner: both[:1], bob: both[:1], eve: both[1:]}


def test_nothing_is_told_after_the_session_has_ended(client: httpx.Client, database: Database):
    """A stream outlives the request that began it; whoever was signed out must not go on hearing (T15)."""
    runs = run_specs("Followed")
    submit(database, "Followed", runs)

    def end_and_change() -> None:
        with database.connection() as conn:
            conn.execute("UPDATE api_tokens SET revoked_at = now()")
        with database.connection() as conn:
            conn.execute("SELECT pg_notify('nntracker_runs', %s)", [str(runs[0].run_id)])

    with client.stream("GET", "/api/events") as answer:
        heard = events(answer)
        assert [next(heard)[0], next(heard)[0]] == ["all", "all"]  # by now it listens
        threading.Timer(0.5, end_and_change).start()
        told = [*heard]

    assert told == []
    assert client.get("/api/events").status_code == 401


def test_one_listener_leaves_places_to_others(client: httpx.Client):
    """A program that follows and never ends what it began would else keep everybody from following."""
    with ExitStack() as open_streams:
        streams = [client.stream("GET", "/api/events") for _ in range(MOST_OF_ONE)]
        heard = [events(open_streams.enter_context(stream)) for stream in streams]
        assert [next(one)[0] for one in heard] == ["all"] * MOST_OF_ONE
        refused = client.get("/api/events")
    assert refused.status_code == 409
    assert f"you listen {MOST_OF_ONE} times already" in refused.json()["detail"]
    until(lambda: is_let_in(client))


def is_let_in(client: httpx.Client) -> bool:
    with client.stream("GET", "/api/events") as answer:
        return answer.is_success


def until(true: Callable[[], bool]) -> None:
    """Wait: the server hears a little later that a line was cut."""
    ends_at_s = time.monotonic() + 60
    while not true():
        assert time.monotonic() < ends_at_s
        time.sleep(0.05)
