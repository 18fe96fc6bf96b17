"""How many guesses of a password are looked at, and what the time of an answer gives away."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import apps.api.sign_in
from apps.api.sign_in import IN_ALL, PER_ACCOUNT, Sessions, TooManyAttemptsError, Visit
from nntracker_ray.accounts.passwords import hash_password, is_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database

PASSWORD = "violet tractor under seven clouds"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sessions(database: Database) -> Sessions:
    with database.connection() as conn:
        account_writes.add_account(conn, name="ida", role=Role.USER, password_hash=hash_password(PASSWORD))
    return Sessions(database)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that reached the hash. The real one takes a fifth of a second for each."""
    reached: list[str] = []

    def counted(password: str, stored: str | None) -> bool:
        reached.append(password)
        return False

    monkeypatch.setattr(apps.api.sign_in, "is_password", counted)
    return reached


def guess(sessions: Sessions, name: str, number: int, now: datetime) -> bool:
    """Whether it was looked at. Each from another address, as a botnet would."""
    try:
        sessions.by_password(
            name, f"guess {number}", now=now, visit=Visit(f"10.{number // 250}.{number % 250}.9")
        )
    except TooManyAttemptsError:
        return False
    return True


@pytest.mark.slow
def test_ten_thousand_guesses_an_hour_reach_the_hash_sixty_times(sessions: Sessions, hashed: list[str]):
    """Sixty an hour against an account is nothing; ten thousand at 0.2 s each would be the whole machine (T16)."""
    pause = timedelta(hours=1) / 10_000

    looked_at = sum(guess(sessions, "ida", number, NOON + number * pause) for number in range(10_000))

    assert looked_at == len(hashed)
    assert 1 <= len(hashed) <= 60


@pytest.mark.parametrize("name", ["IDA", "Ida", "\u0130da", "\u0131da", "ida"])
def test_other_spellings_of_a_name_are_not_guessed_apart(sessions: Sessions, hashed: list[str], name: str):
    """The database may take a dotted capital I for an i: each spelling would have guesses of its own."""
    for number in range(PER_ACCOUNT.count):
        guess(sessions, "ida", number, NOON)
    before = len(hashed)

    taken = guess(sessions, name, 100, NOON)

    with sessions._database.connection() as conn:
        same = conn.execute("SELECT lower(%s) = 'ida'", [name]).fetchone()[0]
    assert taken is not same
    assert len(hashed) == before + taken


def test_all_accounts_together_are_guessed_so_often_and_no_more(sessions: Sessions, hashed: list[str]):
    """A list of names and one common password: stuffing."""
    for number in range(IN_ALL.count + 20):
        guess(sessions, f"name{number}", number, NOON)

    assert len(hashed) == IN_ALL.count


def test_a_guess_that_fails_has_counted(sessions: Sessions, hashed: list[str]):
    """Also one that was broken off in the middle."""
    for number in range(PER_ACCOUNT.count):
        assert guess(sessions, "ida", number, NOON)
    assert not guess(sessions, "ida", 6, NOON + timedelta(minutes=4))
    assert guess(sessions, "ida", 7, NOON + timedelta(minutes=5, seconds=1))


@pytest.mark.slow
def test_an_unknown_name_costs_as_much_as_a_known_one(sessions: Sessions):
    """Else the time of an answer tells which accounts there are. Work is counted, not waiting: machines are busy."""
    assert not is_password("warm", None)
    spent: dict[str, list[float]] = {"ida": [], "nobody-of-that-name": []}
    for turn in range(24):
        for name, costs in spent.items():
            now = NOON + timedelta(minutes=10 * turn)
            began = time.process_time()
            sessions.by_password(name, "a wrong password", now=now, visit=Visit(f"10.0.{turn}.{len(name)}"))
            costs.append(time.process_time() - began)

    # What else runs on the machine only adds to a cost: the least of many is its own.
    known, unknown = (min(costs) for costs in spent.values())
    assert abs(known - unknown) / known < 0.05
