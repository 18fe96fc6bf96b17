"""How open pages hear of changes: one LISTEN, bursts become one fetch, outages pass by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from apps.dashboard import live
from apps.dashboard.live import LiveFeed, Refresher
from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, run_specs, submit, train

PATIENCE_S = 20


async def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)


def listening_sessions(database: Database) -> int:
    with database.connection() as conn:
        rows = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        return rows.fetchone()[0]


def test_many_pages_share_one_listening_connection(database: Database):
    """Fifty open pages must not be fifty connections."""

    async def story() -> list[list[str | None]]:
        feed, heard = LiveFeed(database), [[], [], []]
        ends = [feed.subscribe(one.append) for one in heard]
        await until(lambda: all(heard))  # told once it listens: look at the tables now
        ends[2]()
        submit(database, "Heard", run_specs("Heard"))
        lease = claim(database)
        await until(lambda: all(str(lease.run_id) in one for one in heard[:2]))
        assert listening_sessions(database) == 1
        assert feed.listeners == 2
        return heard

    first, second, gone = asyncio.run(story())

    assert None in first
    assert None in second
    assert gone == [None]


def test_a_page_fetches_when_its_run_changes_and_never_else(database: Database):
    """A page that nobody writes about costs the database nothing."""
    submit(database, "Mine", run_specs("Mine"))
    mine = claim(database)
    submit(database, "Other", run_specs("Other"))
    other = claim(database)
    fetches, shown = [], []

    async def story() -> None:
        refresher = Refresher(
            LiveFeed(database),
            concerns=lambda run_id: run_id == str(mine.run_id),
            fetch=lambda: fetches.append(len(fetches)) or len(fetches),
            show=shown.append,
            show_away=lambda: shown.append("away"),
            pause_s=0.0,
        )
        refresher.start()
        await until(lambda: len(shown) >= 1)
        await asyncio.sleep(0.5)  # the feed's "I listen now" has come
        before = len(fetches)
        train(database, other, range(3))
        await asyncio.sleep(0.5)
        assert len(fetches) == before
        train(database, mine, range(1))
        await until(lambda: len(fetches) > before)
        refresher.stop()

    asyncio.run(story())
    assert shown == [*range(1, len(shown) + 1)]


def test_a_page_says_that_the_database_is_away_and_recovers(database: Database, monkeypatch):
    """An outage is a calm message, not a dead page."""
    monkeypatch.setattr(live, "RETRY_AFTER_S", 0.01)
    answers = [DatabaseAwayError("away"), DatabaseAwayError("away"), "rows"]
    shown: list[str] = []

    def fetch() -> str:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def story() -> None:
        refresher = Refresher(
            LiveFeed(database),
            concerns=lambda _: True,
            fetch=fetch,
            show=shown.append,
            show_away=lambda: shown.append("away"),
            pause_s=0.0,
        )
        refresher.start()
        await until(lambda: "rows" in shown)
        refresher.stop()

    asyncio.run(story())
    assert shown[:3] == ["away", "away", "rows"]


def test_a_fault_in_one_refresh_does_not_end_the_page(database: Database):
    """One odd row must not freeze a page for ever."""
    calls, shown = [], []

    def fetch() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("odd row")
        return len(calls)

    async def story() -> None:
        refresher = Refresher(
            LiveFeed(database),
            concerns=lambda _: True,
            fetch=fetch,
            show=shown.append,
            show_away=lambda: None,
            pause_s=0.0,
        )
        refresher.start()
        await until(lambda: len(calls) >= 1)
        refresher.wake()
        await until(lambda: bool(shown))
        refresher.stop()

    asyncio.run(story())
    assert shown


def test_pages_about_people_hear_of_accounts_and_of_nothing_that_goes_on_all_the_time(database: Database):
    """Two administrators at work see each other's changes; that somebody was seen is no reason to look."""
    with database.connection() as conn:
        account_writes.add_account(conn, name="ada", role=Role.USER, password_hash=None)
    fetches: list[int] = []

    def change(statement: str) -> None:
        with database.connection() as conn:
            conn.execute(statement)

    async def story() -> None:
        feed = LiveFeed(database)
        about_people, about_runs = [], []
        feed.subscribe(about_runs.append)
        refresher = Refresher(
            feed,
            concerns=lambda _: False,
            fetch=lambda: fetches.append(1),
            show=about_people.append,
            show_away=lambda: None,
            pause_s=0.0,
            of_people=True,
        )
        refresher.start()
        await until(lambda: about_runs == [None])
        await asyncio.sleep(0.5)
        before = len(fetches)
        change("UPDATE users SET seen_at = now(), virtual_time = 1")
        await asyncio.sleep(0.5)
        assert len(fetches) == before
        for statement in (
            "UPDATE users SET role = 'code' WHERE name = 'ada'",
            "INSERT INTO settings (key, value, by) VALUES ('registration', '\"open\"', 'ada')",
            "INSERT INTO audit_log (by, action) VALUES ('ada', 'signed in')",
        ):
            before = len(fetches)
            change(statement)
            await until(lambda before=before: len(fetches) > before)
            await asyncio.sleep(0.3)
        refresher.stop()
        assert about_runs == [None]

    asyncio.run(story())


def test_a_page_without_a_browser_fetches_when_somebody_is_back(database: Database, monkeypatch):
    """A closed page is kept for two minutes; people who go from page to page would each leave a dozen that work on."""
    monkeypatch.setattr(live, "UNWATCHED_LOOK_S", 0.05)
    submit(database, "Left", run_specs("Left"))
    lease = claim(database)
    shown, watched = [], [True]

    async def story() -> None:
        refresher = Refresher(
            LiveFeed(database),
            concerns=lambda _run_id: True,
            fetch=lambda: "news",
            show=shown.append,
            show_away=lambda: shown.append("away"),
            pause_s=0.0,
        )
        refresher.only_while(lambda: watched[0])
        refresher.start()
        await until(lambda: len(shown) >= 1)
        await asyncio.sleep(0.5)  # the feed's "I listen now" has come
        watched[0], before = False, len(shown)
        train(database, lease, range(3))
        await asyncio.sleep(0.5)
        assert len(shown) == before
        watched[0] = True
        await until(lambda: len(shown) > before)
        refresher.stop()

    asyncio.run(story())


def test_who_asks_does_not_wait_for_the_rest_between_two_looks(database: Database):
    """A page rests between two fetches, the longer the more there is to do; who asks waits for none."""
    shown: list[float] = []

    async def story() -> None:
        refresher = Refresher(
            LiveFeed(database),
            concerns=lambda _run_id: True,
            fetch=time.monotonic,
            show=shown.append,
            show_away=lambda: shown.append(0.0),
            pause_s=3600.0,
        )
        refresher.start()
        await until(lambda: len(shown) >= 1)
        refresher.wake()
        await until(lambda: len(shown) >= 2)
        refresher.stop()

    asyncio.run(story())
    assert len(shown) == 2


def test_who_asks_does_not_queue_behind_the_news_of_others(database: Database):
    """Fifty lists take turns at the database whenever a run has an epoch more."""
    shown: list[float] = []

    async def story() -> None:
        feed = LiveFeed(database)
        refresher = Refresher(
            feed,
            concerns=lambda _run_id: True,
            fetch=time.monotonic,
            show=shown.append,
            show_away=lambda: shown.append(0.0),
            pause_s=3600.0,
        )
        refresher.start()
        await until(lambda: len(shown) >= 1)
        async with contextlib.AsyncExitStack() as held:
            for _ in range(live.FETCHING_AT_ONCE):
                await held.enter_async_context(feed.turn())
            refresher.wake()
            await until(lambda: len(shown) >= 2)
        refresher.stop()

    asyncio.run(story())
    assert len(shown) == 2
