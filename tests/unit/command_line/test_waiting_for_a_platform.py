"""A platform that is being started again is there: nobody gives it up, and nobody starts another beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from typer.testing import CliRunner

from apps.cli import app
from apps.run_command import _require_running
from apps.start_command import start_in_background
from apps.supervisor import supervise
from nntracker_ray.client.ways_in import ensure_platform
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import (
    PlatformInfo,
    ProcessNote,
    await_platform,
    note_supervisor,
    running_supervisor,
    write_platform_file,
)


@pytest.fixture
def home(tmp_path) -> Home:
    """A data folder on which nothing runs."""
    return Home(tmp_path)


@contextmanager
def supervisor(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A living process that says it keeps the platform up; there is no platform just now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        note_supervisor(home, ProcessNote(process.pid, psutil.Process(process.pid).create_time()))
        yield process
        process.kill()


@contextmanager
def platform_soon(home: Home) -> Iterator[PlatformInfo]:
    """A platform that has come up in a moment."""
    info = PlatformInfo.of_this_process(ray_address=None, dashboard=None, web="http://127.0.0.1:1")
    coming = threading.Timer(0.5, write_platform_file, (home, info))
    coming.start()
    yield info
    coming.join()


def test_following_goes_on_while_somebody_starts_the_platform_again(home):
    """Ray died, and in twenty seconds all goes on: no reason to tell a script that its experiment failed."""
    with supervisor(home):
        _require_running(home)

    with pytest.raises(PlatformError, match="went away"):
        _require_running(home)


def test_who_needs_a_platform_waits_for_the_one_that_comes(home):
    """A second one would take its data folder, and have no web app."""
    said = []
    with supervisor(home) as process, platform_soon(home) as info:
        assert await_platform(home, report=said.append) == info

    assert len(said) == 1
    assert f"process {process.pid}" in said[0]


def test_a_supervisor_that_leaves_is_not_waited_for(home):
    """Its platform was ended; now everybody may start one."""
    with supervisor(home) as process:
        threading.Timer(0.5, process.kill).start()

        assert await_platform(home, report=lambda _: None) is None


def test_a_platform_that_does_not_come_is_told(home):
    """With the process that does not manage, and where it says why."""
    with supervisor(home), pytest.raises(PlatformError, match=r"did not come up within 0.3 s; see .*logs"):
        await_platform(home, report=lambda _: None, timeout_s=0.3)


def test_starting_in_the_background_waits_as_well(home):
    """Its log is the log of the one that is being started: it must stay."""
    home.logs.mkdir()
    (home.logs / "platform.log").write_text("what happened so far\n")

    with supervisor(home), platform_soon(home):
        ended = CliRunner().invoke(app, ["start", "--background", "--home", str(home.root)])

    assert ended.exit_code == 0
    assert "runs already" in ended.output
    assert (home.logs / "platform.log").read_text() == "what happened so far\n"


def test_notebooks_wait_as_well(home, capsys):
    """Instead of a second platform behind the back of the first."""
    with supervisor(home), platform_soon(home):
        ensure_platform(home)

    assert "starting one" not in capsys.readouterr().err


def test_a_second_start_is_refused_while_the_first_is_being_started_again(home):
    """It would find the folder free for a moment, and the first would try in vain for ever."""
    with supervisor(home) as process, pytest.raises(PlatformError, match="runs already"):
        supervise(home, [])

    assert running_supervisor(home) is None
    assert process.poll() is not None


def test_a_start_that_fails_leaves_the_log_of_the_one_before(home):
    """What the last platform died of is read after the next try."""
    home.logs.mkdir()
    (home.logs / "platform.log").write_text("what happened so far\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PlatformError, match="did not start"):
            start_in_background(home, ["--home", str(home.root), "--port", str(port), "--no-browser"])

    log = (home.logs / "platform.log").read_text()
    assert log.startswith("what happened so far\n")
    assert f"port {port}" in log
