"""Which platform a command or notebook talks to, by which token, and who else could read that."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

import nntracker_ray as nn
from apps.api.local_token import NAME, end_local_token, keep_local_token
from apps.cli import app
from nntracker_ray.client.places import Place, checked_url, find_place, remember
from nntracker_ray.errors import BadInputError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import PlatformInfo, write_platform_file
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.token_writes import list_tokens
from nntracker_ray.storage.writes import ensure_local_account
from tests.web_examples import run_specs, submit, web_server


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A data folder, and nothing in the environment."""
    for name in ("NNTRACKER_URL", "NNTRACKER_TOKEN", "NNTRACKER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NNTRACKER_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home").create()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def runs_here(home: Home, url: str) -> None:
    """Leave the note of a platform; this process is it."""
    info = PlatformInfo.of_this_process(ray_address=None, dashboard=None, web=url)
    write_platform_file(home, info)


class TestPlaces:
    def test_nothing_is_known_at_first(self, home: Home):
        """The message says what starts one, and what names one elsewhere."""
        assert find_place(home) is None
        with pytest.raises(PlatformError, match=r"nntracker start.*nntracker login"):
            nn.connect()

    def test_the_platform_of_the_folder_comes_before_a_remembered_one(self, home: Home):
        """Whoever starts one here means it."""
        remember(home, Place("https://tracker.example", "nnt_far"))
        assert find_place(home) == Place("https://tracker.example", "nnt_far")

        runs_here(home, "http://127.0.0.1:8000")
        home.api_token.write_text("nnt_here")

        assert find_place(home) == Place("http://127.0.0.1:8000", "nnt_here")

    def test_the_environment_comes_first(self, home: Home, monkeypatch):
        """What is said for this one command is meant for it."""
        runs_here(home, "http://127.0.0.1:8000")
        home.api_token.write_text("nnt_here")
        monkeypatch.setenv("NNTRACKER_URL", "https://tracker.example/")

        with pytest.raises(PlatformError, match="NNTRACKER_TOKEN"):
            find_place(home)
        monkeypatch.setenv("NNTRACKER_TOKEN", "nnt_far")

        assert find_place(home) == Place("https://tracker.example", "nnt_far")

    def test_what_is_remembered_is_readable_by_its_owner_alone(self, home: Home):
        """A token is a password."""
        old = os.umask(0)
        try:
            kept = remember(home, Place("https://tracker.example", "nnt_far"))
        finally:
            os.umask(old)

        assert mode(kept) == 0o600

    @pytest.mark.parametrize(
        "url", ["http://tracker.example", "ftp://127.0.0.1", "tracker.example", "http://"]
    )
    def test_a_token_does_not_travel_in_the_clear(self, url: str):
        """Everybody on the way could read it."""
        with pytest.raises(BadInputError):
            checked_url(url)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost:8000", "http://[::1]:8000"])
    def test_on_this_machine_it_does_not_travel(self, url: str):
        """Loopback needs no TLS."""
        assert checked_url(url) == url.rstrip("/")


class TestLocalToken:
    def test_each_start_makes_a_new_one_and_ends_the_one_before(self, home: Home, database: Database):
        """A token that was copied from a backup opens nothing."""
        keep_local_token(database, home)
        first = home.api_token.read_text()
        keep_local_token(database, home)
        second = home.api_token.read_text()

        with web_server(home.root, database.dsn) as address:
            asked = [
                httpx.get(f"{address}/api/me", headers={"authorization": f"Bearer {token}"}).status_code
                for token in (first, second)
            ]
        end_local_token(database, home)

        assert asked == [401, 200]
        assert not home.api_token.exists()
        with database.connection() as conn:
            rows = list_tokens(conn, user_id=ensure_local_account(conn))
        assert NAME not in [row.name for row in rows]

    def test_only_its_owner_can_read_it(self, home: Home, database: Database):
        """It does whatever an administrator may."""
        keep_local_token(database, home)

        assert mode(home.api_token) == 0o600


def test_a_platform_elsewhere_is_remembered_and_forgotten(
    home: Home, database: Database, tmp_path, monkeypatch
):
    """Log in once, and every command goes there; the token is read from standard input, never from the line."""
    submit(database, "Far", run_specs("Far"))
    keep_local_token(database, home)
    token = home.api_token.read_text()
    run, mine = CliRunner(), ["--home", str(tmp_path / "mine")]
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with web_server(home.root, database.dsn) as address:
        wrong = run.invoke(app, ["login", address, *mine], input="nnt_wrong\n")
        right = run.invoke(app, ["login", address, *mine], input=f"{token}\n")
        listed = run.invoke(app, ["ls", *mine])
        forgotten = run.invoke(app, ["logout", *mine])

    assert isinstance(wrong.exception, PlatformError)
    assert "'local'" in right.stdout
    assert "Far" in listed.stdout
    assert "forgotten" in forgotten.stdout
    assert not Home(tmp_path / "mine").login.exists()
