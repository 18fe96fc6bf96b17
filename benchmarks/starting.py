"""P16: from `nntracker start` to a page that a person can use, and what the platform weighs while nothing happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

from actors.queue_search import WARM_VARIABLE
from benchmarks.browsers import ARGUMENTS, CHROMIUM
from benchmarks.report import Figure
from nntracker_ray.home import Home
from nntracker_ray.storage.server import EmbeddedServer
from tests.web_examples import free_port

SETTLING_S = 20.0
WARM_S = 60.0  # not 10 minutes, for which a benchmark would have to wait
LOOK_S = 5.0
WORKER = "ray::TrialTrainable"  # as Ray titles it, up to the method
PATIENCE_S = 180.0
GOAL_S, GOAL_GB = 15, 2
LINK = re.compile(r"http://127\.0\.0\.1:\d+/welcome#\S+")
USABLE = "No runs yet"  # stands on the page of a new platform, once its websocket is open and the database was asked


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since the command."""

    link_s: float  # it has printed the link
    usable_s: float
    work_s: float  # processor time of all its processes until then, in which the machine's other load does not count


def measure() -> list[Figure]:
    """On a new data folder, and once more on the same; the browser is open before."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Home(Path(folder) / "data").create()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            first, again, weights = _starts(home, browser)
        finally:
            browser.close()
            EmbeddedServer(home).destroy()
    return [_time_figure(first, again), _memory_figure(weights)]


@dataclass(frozen=True, slots=True)
class Weights:
    """Megabytes by program."""

    warm: Mapping[str, float]  # one worker waits for a run
    at_rest: Mapping[str, float]  # nothing was queued for long


def _starts(home: Home, browser: Browser) -> tuple[Start, Start, Weights]:
    with _platform(home) as (process, began_s):
        first = _until_usable(process, home, began_s, browser)
    with _platform(home) as (process, began_s):
        again = _until_usable(process, home, began_s, browser)
        time.sleep(SETTLING_S)
        warm = _weights(process.pid, home)
        deadline_s = time.monotonic() + PATIENCE_S
        while WORKER in _weights(process.pid, home) and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)
        return first, again, Weights(warm, _weights(process.pid, home))


@contextmanager
def _platform(home: Home) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """As a person starts it; yields it with the moment of the command."""
    command = [sys.executable, "-m", "apps.cli", "start", "--no-browser", "--no-example"]
    arguments = ["--home", str(home.root), "--port", str(free_port())]
    began_s = time.monotonic()
    environment = {**os.environ, WARM_VARIABLE: f"{WARM_S:g}"}
    process = subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process, began_s
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def _until_usable(process: subprocess.Popen[str], home: Home, began_s: float, browser: Browser) -> Start:
    link = _link(process)
    link_s = time.monotonic() - began_s
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(link)
    page.get_by_text(USABLE).wait_for()
    usable_s = time.monotonic() - began_s
    work_s = sum(_work_s(one) for one in _family(process.pid, home))
    page.context.close()
    return Start(link_s, usable_s, work_s)


def _link(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := LINK.search(line):
            return found[0]
    raise RuntimeError(f"the platform ended with {process.wait()} before it said where it is")


def _family(pid: int, home: Home) -> set[psutil.Process]:
    """Everything below the command, and the database, which is nobody's child."""
    roots = [psutil.Process(pid)]
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        note = EmbeddedServer(home).location / "cluster" / "postmaster.pid"
        roots.append(psutil.Process(int(note.read_text().split()[0])))
    return {process for root in roots for process in (root, *root.children(recursive=True))}


def _work_s(process: psutil.Process) -> float:
    """With the children that have ended."""
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def _weights(pid: int, home: Home) -> Mapping[str, float]:
    """Megabytes by program: what each process has for itself, and its part of what it shares with others (PSS)."""
    weights: defaultdict[str, float] = defaultdict(float)
    for process in _family(pid, home):
        with suppress(psutil.NoSuchProcess):
            weights[_called(process)] += process.memory_full_info().pss / 1e6
    return weights


def _called(process: psutil.Process) -> str:
    """As Ray and PostgreSQL title their processes; ours by what they run."""
    title = " ".join(process.cmdline()) or process.name()
    if "apps.cli" in title:
        return "platform" if "--unsupervised" in title else "supervisor"
    first = title.split()[0]
    return "PostgreSQL" if "postgres" in first else Path(first).name if first.startswith("/") else first


def _time_figure(first: Start, again: Start) -> Figure:
    return Figure(
        "P16",
        "from `nntracker start`, on a new data folder, to the list of runs in a signed-in browser",
        first.usable_s,
        "s",
        GOAL_S,
        at_most=True,
        detail=f"link printed after {first.link_s:.1f} s; all its processes have worked {first.work_s:.1f} s by then;"
        f" the same data folder again: {again.usable_s:.1f}, {again.link_s:.1f} and {again.work_s:.1f} s",
    )


def _memory_figure(weights: Weights) -> Figure:
    heaviest = sorted(weights.at_rest.items(), key=lambda item: -item[1])[:9]
    named = ", ".join(f"{name} {size:.0f}" for name, size in heaviest)
    return Figure(
        "P16",
        "memory of all its processes, no page open, nothing queued for as long as a worker is kept warm (PSS)",
        sum(weights.at_rest.values()) / 1e3,
        "GB",
        GOAL_GB,
        at_most=True,
        detail=f"MB: {named}; with the worker that is kept warm for ten minutes"
        f" {sum(weights.warm.values()) / 1e3:.2f} GB",
    )
