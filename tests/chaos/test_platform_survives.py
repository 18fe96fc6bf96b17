"""The platform comes back by itself, whichever of its processes is killed, and its runs go on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform
from nntracker_ray.storage.server import EmbeddedServer

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900)]
PATIENCE_S = 150.0
NNTRACKER = str(Path(sys.executable).parent / "nntracker")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data folder whose platform trains the example."""
    home = Home(tmp_path_factory.mktemp("home"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = nntracker(home, "start", "--background", "--port", port)
    assert started.returncode == 0, started.stderr
    yield home
    nntracker(home, "down")
    EmbeddedServer(home).destroy()


def nntracker(home: Home, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the installed command on a data folder."""
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [NNTRACKER, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=200, check=False
    )


def await_true(happened: Callable[[], bool], what: str) -> None:
    """Look until it has happened."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.3)


def rows(home: Home, statement: str) -> list[dict[str, object]]:
    """What the database says; nothing while it is away."""
    answer = nntracker(home, "sql", statement, "--json")
    return json.loads(answer.stdout)["rows"] if answer.returncode == 0 else []


def epochs(home: Home) -> int:
    """Epochs made by all runs together."""
    found = rows(home, "SELECT coalesce(sum(epochs_done), 0)::int AS epochs FROM runs")
    return int(str(found[0]["epochs"])) if found else -1


def is_up(home: Home) -> bool:
    """Whether web app and database answer."""
    info = running_platform(home)
    try:
        return info is not None and httpx.get(f"{info.web}/api/health", timeout=5).json()["database"] == "up"
    except (httpx.HTTPError, ValueError):
        return False


def part(home: Home, name: str) -> psutil.Process:
    """A process of the running platform: the platform itself, or one that it started."""
    info = running_platform(home)
    assert info is not None
    platform = psutil.Process(info.pid)
    if name == "platform":
        return platform
    return next(one for one in platform.children(recursive=True) if one.name() == name)


@pytest.mark.parametrize("name", ["raylet", "gcs_server", "platform"])
def test_it_comes_back_without_its_ray(home: Home, name: str):
    """Ray holds nothing that counts: another one takes up every unfinished run."""
    await_true(lambda: is_up(home), "the platform")
    before, victim = epochs(home), part(home, name)

    victim.kill()

    await_true(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, "its death")
    await_true(lambda: is_up(home), "its return")
    await_true(lambda: epochs(home) > before, "runs to go on")


def test_it_starts_its_database_again(home: Home):
    """SIGKILL of the postmaster: trainings go on meanwhile, and what they reported arrives."""
    await_true(lambda: is_up(home), "the platform")
    info, server = running_platform(home), EmbeddedServer(home)
    postmaster = int((server.location / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    before = epochs(home)

    os.kill(postmaster, signal.SIGKILL)

    await_true(lambda: epochs(home) > before, "runs to go on")
    assert running_platform(home) == info


def test_after_all_that_every_epoch_is_there_once(home: Home):
    """The end of the story: all runs finished, no epoch lost or doubled."""
    await_true(
        lambda: bool(rows(home, "SELECT 1 FROM runs HAVING bool_and(state = 'finished')")),
        "all runs to finish",
    )

    counted = rows(
        home,
        """SELECT r.name, r.total_epochs, count(*)::int AS points, count(DISTINCT m.epoch)::int AS epochs
             FROM runs r JOIN metrics m USING (run_no) WHERE m.metric = 'loss' GROUP BY r.name, r.total_epochs""",
    )
    assert len(counted) == 8
    assert all(row["points"] == row["epochs"] == row["total_epochs"] for row in counted)
