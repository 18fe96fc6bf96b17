"""P14: from a value recorded to its point drawn, in twenty real browsers that look at one run."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from apps.api.sign_in import make_login_link
from benchmarks.database import LeasedRun, embedded_database, leased_run
from benchmarks.report import Figure
from nntracker_ray.records import Batch, MetricPoint, Progress, RunState
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database

PAGES = 20
EARLY, LATE = range(3, 23), range(300, 320)  # epochs measured; those between are written at once
EVERY_S = 1.0
GOAL_MS = 500
POLLING_MS = 500
PATIENCE_MS = 240_000  # twenty browsers open slowly on two cores
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Notes for each epoch of the loss when the frame that shows it has been painted.
WATCH = """() => {
  window.drawn = {};
  const look = () => {
    for (const figure of window.Bokeh?.documents?.[0]?.all_models ?? []) {
      if (figure.type !== "Figure") continue;
      for (const {name, data_source} of figure.renderers) {
        if (name !== "train" || data_source.watched) continue;
        data_source.watched = true;
        const note = () => requestAnimationFrame(() => setTimeout(() => {
          const epoch = data_source.data.epoch.at(-1);
          window.drawn[epoch] ??= Date.now();
        }));
        data_source.streaming.connect(note);
        data_source.change.connect(note);
      }
    }
  };
  setInterval(look, 50);
}"""


@dataclass
class Watched:
    """One page, and what its websocket has received."""

    page: Page
    bytes: int = 0

    def hear(self, payload: Any) -> None:
        self.bytes += len(payload)


def measure() -> list[Figure]:
    """Both figures, against one embedded PostgreSQL and a web server in a process of its own."""
    with (
        embedded_database() as (dsn, database),
        _web_server(dsn) as address,
        sync_playwright() as playwright,
    ):
        run = leased_run(database, epochs=LATE.stop)
        with database.connection() as conn:
            writes.change_state(
                conn, run_id=run.run_id, state=RunState.RUNNING, by="trainer", attempt=run.attempt
            )
        _write(database, run, range(EARLY.start))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        pages = _opened(browser, make_login_link(database, address), address, run)
        early = _measured(database, run, pages, EARLY)
        _write(database, run, range(EARLY.stop, LATE.start))
        _wait_for(pages, LATE.start - 1)
        late = _measured(database, run, pages, LATE)
        browser.close()
    return _figures(early, late)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Of each page and epoch."""

    delays_ms: np.ndarray[Any, Any]  # (pages * epochs,)
    bytes_a_tick: float  # mean over pages and epochs


def _measured(database: Database, run: LeasedRun, pages: list[Watched], epochs: range) -> Ticks:
    recorded = {}
    before = sum(watched.bytes for watched in pages)
    for epoch in epochs:
        recorded[epoch] = time.time()
        _write(database, run, range(epoch, epoch + 1))
        # Playwright hears of websocket frames only while it is waited on.
        pages[0].page.wait_for_timeout(EVERY_S * 1000)
    _wait_for(pages, epochs[-1])
    sent = sum(watched.bytes for watched in pages) - before
    delays = []
    for watched in pages:
        drawn = watched.page.evaluate("window.drawn")
        # A page that has drawn two epochs at once has drawn the first no later than the second.
        times = {int(epoch): at for epoch, at in drawn.items()}
        for epoch in epochs:
            at = min(at for later, at in times.items() if later >= epoch)
            delays.append(at - recorded[epoch] * 1000)
    return Ticks(np.array(delays), sent / len(pages) / len(epochs))


def _figures(early: Ticks, late: Ticks) -> list[Figure]:
    delays = np.concatenate([early.delays_ms, late.delays_ms])
    median, p95, most = (float(value) for value in np.percentile(delays, [50, 95, 100]))
    ratio = late.bytes_a_tick / early.bytes_a_tick
    return [
        Figure(
            "P14",
            f"a value recorded -> drawn, {PAGES} browsers on one run, 95 %",
            p95,
            "ms",
            GOAL_MS,
            at_most=True,
            detail=f"median {median:.0f}, most {most:.0f} ms; an epoch of {len(METRICS)} metrics each {EVERY_S:g} s",
        ),
        Figure(
            "P14",
            "bytes an epoch, after 300 epochs against after 3",
            ratio,
            "x",
            1.1,
            at_most=True,
            detail=f"{late.bytes_a_tick:,.0f} against {early.bytes_a_tick:,.0f} bytes a page",
        ),
    ]


def _write(database: Database, run: LeasedRun, epochs: range) -> None:
    now = datetime.now(UTC)
    records = [
        record
        for epoch in epochs
        for record in (
            *(MetricPoint(metric, epoch, 45 * (epoch + 1), 1 / (epoch + 2), now) for metric in METRICS),
            Progress(epoch + 1, 45 * (epoch + 1), now),
        )
    ]
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(run.run_no, run.attempt, tuple(records))])


def _opened(browser: Browser, link: str, address: str, run: LeasedRun) -> list[Watched]:
    """So many windows of one person: in tabs behind another nothing would be drawn."""
    first = browser.new_context(viewport=VIEWPORT)
    first.new_page().goto(link)
    first.pages[0].wait_for_url(f"{address}/")
    signed_in = first.storage_state()
    first.close()
    pages = []
    for _ in range(PAGES):
        context = browser.new_context(viewport=VIEWPORT, storage_state=signed_in)
        watched = Watched(context.new_page())
        watched.page.set_default_timeout(PATIENCE_MS)
        watched.page.on("websocket", lambda socket, one=watched: socket.on("framereceived", one.hear))
        watched.page.add_init_script(f"({WATCH})()")
        watched.page.goto(f"{address}/run?id={run.run_id}&tab=graphs")
        pages.append(watched)
    for watched in pages:
        watched.page.wait_for_function(
            "() => (window.Bokeh?.documents?.[0]?.all_models ?? new Set()).size > 0"
            " && [...Bokeh.documents[0].all_models].some((model) => model.type === 'Figure'"
            " && model.renderers.some(({name}) => name === 'train'))",
            timeout=PATIENCE_MS,
            polling=POLLING_MS,
        )
    pages[0].page.wait_for_timeout(5_000)
    return pages


def _wait_for(pages: list[Watched], epoch: int) -> None:
    for watched in pages:
        watched.page.wait_for_function(
            "(epoch) => Object.keys(window.drawn).some((drawn) => Number(drawn) >= epoch)",
            arg=epoch,
            timeout=PATIENCE_MS,
            polling=POLLING_MS,
        )


@contextmanager
def _web_server(dsn: str) -> Iterator[str]:
    """As a platform has it: in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as home:
        process = context.Process(target=_serve, args=(home, dsn, theirs))
        process.start()
        try:
            yield ours.recv()
        finally:
            ours.send("end")
            process.join(30)


def _serve(home: str, dsn: str, pipe: Connection) -> None:
    from tests.web_examples import web_server

    with web_server(Path(home), dsn) as address:
        pipe.send(address)
        pipe.recv()
