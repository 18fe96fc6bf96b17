"""P14: from a value recorded to its point drawn, in twenty real browsers that look at one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browsers import ARGUMENTS, CHROMIUM, PATIENCE_MS, VIEWPORT, signed_in_pages
from benchmarks.database import LeasedRun, embedded_database, leased_run
from benchmarks.plain_pages import serve_plain_pages
from benchmarks.report import Figure
from benchmarks.watched_pages import Watched, open_graphs, wait_for
from benchmarks.web import Server, web_server
from nntracker_ray.records import Batch, MetricPoint, Progress, Record, RunState
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database

PAGES = 20
EARLY, LATE = range(3, 23), range(300, 320)  # epochs measured; those between are written at once
FLOOR = range(20)
EVERY_S = 1.0
GOAL_MS = 500
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")


def measure() -> list[Figure]:
    """Every figure, against one embedded PostgreSQL and a web server in a process of its own; first the floor."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        floor = _floor(browser)
        early, late = _ours(browser)
        browser.close()
    return _figures(early, late, floor)


def _floor(browser: Browser) -> Ticks:
    with web_server("", serve_plain_pages) as server, httpx.Client(base_url=server.address) as client:
        pages = [Watched(browser.new_context(viewport=VIEWPORT).new_page()) for _ in range(PAGES)]
        for watched in pages:
            watched.page.goto(server.address)
            watched.page.wait_for_function("() => window.opened", timeout=PATIENCE_MS)

        def tell(epoch: int) -> None:
            client.post("/tell", content=str(epoch), timeout=60)

        ticks = _measured(tell, server, pages, FLOOR)
        for watched in pages:
            watched.page.context.close()
    return ticks


def _ours(browser: Browser) -> tuple[Ticks, Ticks]:
    with embedded_database() as (dsn, database), web_server(dsn) as server:
        run = leased_run(database, epochs=LATE.stop)
        with database.connection() as conn:
            writes.change_state(
                conn, run_id=run.run_id, state=RunState.RUNNING, by="trainer", attempt=run.attempt
            )

        def record(epoch: int) -> None:
            _write(database, run, range(epoch, epoch + 1))

        _write(database, run, range(EARLY.start))
        pages = open_graphs(
            signed_in_pages(browser, database, server.address, PAGES), server.address, run.run_id
        )
        early = _measured(record, server, pages, EARLY)
        _write(database, run, range(EARLY.stop, LATE.start))
        wait_for(pages, LATE.start - 1)
        return early, _measured(record, server, pages, LATE)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Of each page and epoch."""

    delays_ms: np.ndarray[Any, Any]  # (pages * epochs,)
    bytes_a_tick: float  # mean over pages and epochs
    worked_ms: float  # processor time of the server, mean over pages and epochs


def _measured(record: Callable[[int], None], server: Server, pages: list[Watched], epochs: range) -> Ticks:
    recorded = {}
    bytes_before, worked_before_ms = sum(watched.bytes for watched in pages), server.worked_ms
    for epoch in epochs:
        recorded[epoch] = time.time()
        record(epoch)
        # Playwright hears of websocket frames only while it is waited on.
        pages[0].page.wait_for_timeout(EVERY_S * 1000)
    wait_for(pages, epochs[-1])
    ticks = len(pages) * len(epochs)
    sent = sum(watched.bytes for watched in pages) - bytes_before
    worked_ms = server.worked_ms - worked_before_ms
    delays = []
    for watched in pages:
        drawn = watched.page.evaluate("window.drawn")
        # A page that has drawn two epochs at once has drawn the first no later than the second.
        times = {int(epoch): at for epoch, at in drawn.items()}
        for epoch in epochs:
            at = min(at for later, at in times.items() if later >= epoch)
            delays.append(at - recorded[epoch] * 1000)
    return Ticks(np.array(delays), sent / ticks, worked_ms / ticks)


def _figures(early: Ticks, late: Ticks, floor: Ticks) -> list[Figure]:
    delays = np.concatenate([early.delays_ms, late.delays_ms])
    median, p95, most = (float(value) for value in np.percentile(delays, [50, 95, 100]))
    floor_median, floor_p95 = (float(value) for value in np.percentile(floor.delays_ms, [50, 95]))
    worked_ms = (early.worked_ms + late.worked_ms) / 2
    ratio = late.bytes_a_tick / early.bytes_a_tick
    return [
        Figure(
            "P14",
            f"a value recorded -> drawn, {PAGES} browsers on one run, 95 %",
            p95,
            "ms",
            GOAL_MS,
            at_most=True,
            detail=f"median {median:.0f}, most {most:.0f} ms; an epoch of {len(METRICS)} metrics each {EVERY_S:g} s;"
            f" as many plain pages with a websocket and a canvas, same machine: {floor_p95:.0f}, median"
            f" {floor_median:.0f} ms",
        ),
        Figure(
            "P14",
            "processor time of the server for a page and an epoch",
            worked_ms,
            "ms",
            GOAL_MS / PAGES,
            at_most=True,
            detail=f"so the last of {PAGES} has the news {worked_ms * PAGES:.0f} ms after the first one began",
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
    records: list[Record] = []
    for epoch in epochs:
        records += [MetricPoint(metric, epoch, 45 * (epoch + 1), 1 / (epoch + 2), now) for metric in METRICS]
        records.append(Progress(epoch + 1, 45 * (epoch + 1), now))
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(run.run_no, run.attempt, tuple(records))])
