"""Ray's ports ask for a token, and in a Ray that others have started it is theirs: everybody must use that one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli import app
from apps.ray_resources import InUse, ray_resources
from apps.ray_token import token_path_in_effect
from nntracker_ray.home import Home
from nntracker_ray.platform_file import PlatformInfo, running_platform, write_platform_file

STATUS = {"data": {"clusterStatus": {"loadMetricsReport": {"usage": {"CPU": [1.0, 4.0]}}}}}


@pytest.fixture
def dashboard() -> Iterator[str]:
    """A dashboard that asks for a token, as Ray's does: "theirs"."""

    class Dashboard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            welcome = self.headers.get("authorization") == "Bearer theirs"
            self.send_response(200 if welcome else 401)
            self.end_headers()
            self.wfile.write(json.dumps(STATUS).encode() if welcome else b"{}")

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Dashboard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def home(tmp_path, dashboard, monkeypatch) -> Home:
    """A platform that has joined the Ray of others; a token from an earlier Ray of its own lies about."""
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    home = Home(tmp_path / "home").create()
    home.ray_token.write_text("ours")
    (tmp_path / "token").write_text("theirs\n")
    info = PlatformInfo.of_this_process(ray_address=None, dashboard=dashboard, web=None)
    write_platform_file(home, replace(info, ray_token=str(tmp_path / "token")))
    return home


class TestWhoAsks:
    def test_hardware_in_use_is_asked_with_the_token_of_that_ray(self, home):
        """With another one `nntracker top` would say that Ray does not answer."""
        assert ray_resources(home) == {"CPU": InUse(1.0, 4.0)}

    def test_a_token_without_a_file_comes_from_the_environment(self, home, monkeypatch):
        """That is how it was given to the platform."""
        write_platform_file(home, replace(running_platform(home), ray_token=None))
        assert ray_resources(home) is None

        monkeypatch.setenv("RAY_AUTH_TOKEN", "theirs")

        assert ray_resources(home) == {"CPU": InUse(1.0, 4.0)}

    def test_the_environment_for_jobs_names_that_token(self, home, tmp_path):
        """`eval "$(nntracker env)"` must not break a path that was right."""
        told = CliRunner().invoke(app, ["env", "--home", str(home.root)]).stdout

        assert "export RAY_AUTH_MODE=token\n" in told
        assert f"export RAY_AUTH_TOKEN_PATH={tmp_path / 'token'}\n" in told

    def test_without_a_file_nothing_is_said_of_tokens(self, home):
        """What the environment says of them stays."""
        write_platform_file(home, replace(running_platform(home), ray_token=None))

        told = CliRunner().invoke(app, ["env", "--home", str(home.root)]).stdout

        assert told.startswith("export RAY_API_SERVER_ADDRESS=")
        assert "RAY_AUTH" not in told


class TestWhereItIs:
    """As Ray looks for it."""

    @pytest.fixture(autouse=True)
    def nothing_is_set(self, tmp_path, monkeypatch):
        """A person without any settings, who has once had Ray make a token."""
        for name in ("MODE", "TOKEN", "TOKEN_PATH"):
            monkeypatch.delenv(f"RAY_AUTH_{name}", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text("theirs")

    def test_a_path_goes_before_the_usual_file(self, tmp_path, monkeypatch):
        """The path is made absolute: others read it elsewhere."""
        assert token_path_in_effect() == tmp_path / ".ray" / "auth_token"

        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "token")

        assert token_path_in_effect() == tmp_path / "token"

    @pytest.mark.parametrize(("name", "value"), [("RAY_AUTH_TOKEN", "theirs"), ("RAY_AUTH_MODE", "disabled")])
    def test_none_where_ray_reads_no_file(self, name, value, monkeypatch):
        """The token stands in the environment, or nobody asks for one."""
        monkeypatch.setenv(name, value)

        assert token_path_in_effect() is None

    def test_none_where_there_is_no_file(self, tmp_path):
        """Ray then asks for none."""
        Path(tmp_path / ".ray" / "auth_token").unlink()

        assert token_path_in_effect() is None
