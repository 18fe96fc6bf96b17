"""R7: fifty people with the list of runs open in real browsers, a hundred queued runs, a thousand in all."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from benchmarks.browsers import ARGUMENTS, CHROMIUM, signed_in_pages
from benchmarks.database import embedded_database
from benchmarks.many_runs import fill
from benchmarks.report import Figure
from benchmarks.timing import seconds
from benchmarks.web import Server, signed_in, web_server
from nntracker_ray.storage.connection import Database

RUNS = 1_000
QUEUED = 100
PAGES = 50
GOAL_MS = 1_000
RENDERERS = "--renderer-process-limit=8"  # fifty processes would be no fifty people either
CHANGE_EVERY_S = 1.0

# What stands in the list, found through the shadow roots of Panel's components; `shown` resolves once it is painted.
HELPERS = """
window.deep = (selector, root = document) => {
  const found = [...root.querySelectorAll(selector)];
  for (const {shadowRoot} of root.querySelectorAll("*")) {
    if (shadowRoot) found.push(...window.deep(selector, shadowRoot));
  }
  return found;
};
window.shown = (selector, word) => new Promise((done) => {
  const root = window.deep("table.runs")[0].getRootNode();
  const look = () => [...root.querySelectorAll(selector)].some((node) => node.textContent.includes(word))
    ? requestAnimationFrame(() => setTimeout(done)) : setTimeout(look, 10);
  look();
});
"""
LISTED = "() => window.deep('table.runs tbody tr').length > 20"
TIMED = """async ([pressed, shown, word]) => {
  const began = performance.now();
  window.deep(pressed)[0].click();
  await window.shown(shown, word);
  return performance.now() - began;
}"""
# What is done, in order: what is pressed, and what then stands where.
DEEDS = (
    ("sort", "[data-act=sort][data-value=name]", "th[aria-sort=ascending]", "Run"),
    ("sort", "[data-act=sort][data-value=duration]", "th[aria-sort]", "Time"),
    ("filter", "[data-act=state][data-value=finished]", "summary", "finished"),
    ("turn the page", "[data-act=page][data-value='2']", ".paging", "101 to 200"),
    ("show all", "[data-act=clear-filters]", "summary", "any state"),
)


def measure() -> list[Figure]:
    """Against one embedded PostgreSQL and a web server in a process of its own, while one run trains."""
    with (
        embedded_database() as (dsn, database),
        web_server(dsn) as server,
        sync_playwright() as playwright,
    ):
        fill(database, RUNS)
        _leave_queued(database, QUEUED)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, RENDERERS])
        pages, opened_s = _opened(signed_in_pages(browser, database, server.address, PAGES), server.address)
        opening_ms = server.worked_ms
        with _one_trains(database):
            taken = _taken(pages, server)
        with signed_in(database, server.address) as client:
            answered_ms = _answered(client)
        browser.close()
    return [_figure(taken, opened_s, answered_ms), _work_figure(taken, opening_ms), _answers_figure(taken)]


def _leave_queued(database: Database, count: int) -> None:
    with database.connection() as conn:
        conn.execute(
            "UPDATE runs SET state = 'stopped', ended_at = now() WHERE state = 'queued' AND run_no NOT IN"
            " (SELECT run_no FROM runs WHERE state = 'queued' ORDER BY run_no LIMIT %s)",
            [count],
        )


def _opened(pages: Iterable[Page], address: str) -> tuple[list[Page], list[float]]:
    """Let all of them show the list; and the seconds that each took."""
    opened, opened_s = [], []
    for page in pages:
        page.add_init_script(HELPERS)
        opened_s.append(seconds(partial(_open_list, page, address)))
        opened.append(page)
    return opened, opened_s


def _open_list(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.wait_for_function(LISTED, polling=50)


@dataclass
class Taken:
    """What was done on the pages."""

    ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # by deed
    worked_ms: float = 0.0  # by the server, per deed on a list, what it tells all pages meanwhile included
    unanswered: int = 0

    @property
    def every_ms(self) -> list[float]:
        """Of all deeds."""
        return [one for times in self.ms.values() for one in times]


def _taken(pages: list[Page], server: Server) -> Taken:
    """What each does, one after the other, as fifty people who think in between would."""
    taken, before_ms = Taken(), server.worked_ms
    for name, *deed in DEEDS:
        for page in pages:
            try:
                taken.ms[name].append(page.evaluate(TIMED, deed))
            except PlaywrightError:
                taken.unanswered += 1
    taken.worked_ms = (server.worked_ms - before_ms) / len(DEEDS) / len(pages)
    for page in pages:
        run = page.evaluate("() => window.deep('a[href^=\"/run?id=\"]')[0].getAttribute('href')")
        began_s = time.perf_counter()
        page.goto(f"{server.address}{run}")
        page.wait_for_function("() => window.deep('.run-head h1').length > 0", polling=20)
        taken.ms["open a run"].append((time.perf_counter() - began_s) * 1e3)
    return taken


@contextmanager
def _one_trains(database: Database) -> Iterator[None]:
    """Every second an epoch of a run is done, and every list hears of it."""
    ended = threading.Event()

    def train() -> None:
        while not ended.wait(CHANGE_EVERY_S):
            with database.connection() as conn:
                conn.execute(
                    "UPDATE runs SET epochs_done = least(epochs_done + 1, total_epochs - 1)"
                    " WHERE run_no = (SELECT min(run_no) FROM runs WHERE state = 'running')"
                )
                conn.execute(
                    "SELECT pg_notify('nntracker_runs', run_id::text) FROM runs"
                    " WHERE run_no = (SELECT min(run_no) FROM runs WHERE state = 'running')"
                )

    thread = threading.Thread(target=train)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _answered(client: httpx.Client) -> list[float]:
    """Milliseconds of the same list over REST while all pages are open."""
    return [seconds(lambda: client.get("/api/runs").raise_for_status()) * 1e3 for _ in range(20)]


def _figure(taken: Taken, opened_s: list[float], answered_ms: list[float]) -> Figure:
    by_name = ", ".join(f"{name} {np.percentile(times, 95):.0f}" for name, times in taken.ms.items())
    return Figure(
        "R7",
        f"a deed on a page, until it is painted, {PAGES} real browsers, {RUNS:,} runs, one of them training, 95 %",
        float(np.percentile(taken.every_ms, 95)),
        "ms",
        GOAL_MS,
        at_most=True,
        detail=f"median {np.median(taken.every_ms):.0f} ms; 95 % of each: {by_name} ms; GET /api/runs meanwhile"
        f" {np.median(answered_ms):.0f} ms; a list opened in {np.median(opened_s):.1f} s, the last in"
        f" {opened_s[-1]:.1f} s; the browsers work on the same cores",
    )


def _work_figure(taken: Taken, opening_ms: float) -> Figure:
    return Figure(
        "R7",
        f"processor time of the server for a deed, its news to {PAGES} pages meanwhile included",
        taken.worked_ms,
        "ms",
        GOAL_MS,
        at_most=True,
        detail=f"to open a list {opening_ms / PAGES:.0f} ms, the server's start shared out among them",
    )


def _answers_figure(taken: Taken) -> Figure:
    done = len(taken.every_ms) + taken.unanswered
    return Figure("R7", f"of {done} deeds not answered", taken.unanswered, "deeds", 0, at_most=True)
