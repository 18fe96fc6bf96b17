"""`nntracker start` and `down` as a newcomer uses them; nothing is left behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform
from nntracker_ray.storage.server import EmbeddedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
NNTRACKER = str(Path(sys.executable).parent / "nntracker")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A new data folder."""
    home = Home(tmp_path_factory.mktemp("home"))
    yield home
    nntracker(home, "down")
    EmbeddedServer(home).destroy()


@pytest.fixture(scope="module")
def port():
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nntracker(home, *arguments):
    """Run the installed command on a data folder."""
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [NNTRACKER, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=200, check=False
    )


def runs(home):
    """Name, state and progress of every run."""
    answer = nntracker(home, "sql", "SELECT name, state, epochs_done FROM runs ORDER BY position", "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["rows"]


def test_the_whole_life_of_a_platform(home, port):
    """Start, look, refuse a second, end, start again: everything is as it was, and runs go on."""
    started = nntracker(home, "start", "--background", "--port", port)
    assert started.returncode == 0, started.stderr
    info = running_platform(home)
    family = [psutil.Process(info.pid), *psutil.Process(info.pid).children(recursive=True)]

    assert httpx.get(f"{info.web}/api/health", timeout=PATIENCE_S).json() == {
        "status": "ok",
        "database": "up",
    }
    assert "#" in nntracker(home, "link").stdout
    log = (home.logs / "platform.log").read_text()
    assert "welcome#" not in log  # a log is read by others
    _await(lambda: any(run["epochs_done"] for run in runs(home)), "the example to train")

    again = nntracker(home, "start")
    assert again.returncode == 1
    assert "runs already" in again.stderr

    assert nntracker(home, "down").stdout == "stopped\n"
    # What its parents no longer wait for stays a zombie where nobody reaps; a zombie holds nothing.
    left = [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert left == []
    assert not EmbeddedServer(home).is_running()

    before = runs(home)
    assert len(before) == 8
    assert {run["state"] for run in before} <= {"queued", "finished"}

    assert nntracker(home, "start", "--background", "--port", port).returncode == 0
    _await(
        lambda: sum(r["epochs_done"] for r in runs(home)) > sum(r["epochs_done"] for r in before),
        "runs to go on",
    )
    assert len(runs(home)) == 8
    assert nntracker(home, "down").returncode == 0


def test_a_used_port_is_said_with_what_to_do(home):
    """Before anything is started, and with the option that helps."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = nntracker(home, "start", "--port", port)

    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path):
    """A missing right is named with the folder and the way out."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    refused = nntracker(Home(blocked / "home"), "start")

    assert refused.returncode == 1
    assert "NNTRACKER_HOME" in refused.stderr
    assert "Traceback" not in refused.stderr


def _await(happened, what):
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.5)
