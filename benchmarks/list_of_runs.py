"""P13: a page of ten thousand runs in every order and through every filter, from the database and over HTTP."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import numpy as np

from apps.dashboard.pages.runs_page import MOST_TAGS, fold_means
from benchmarks.database import embedded_database
from benchmarks.many_runs import METRICS, TAGS, fill
from benchmarks.report import Figure
from benchmarks.timing import seconds
from benchmarks.web import signed_in, web_server
from nntracker_ray.commands import Selection
from nntracker_ray.records import RunState
from nntracker_ray.run_lists import METRIC_ORDER, RunColumn, RunFilter, RunOrder
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.run_queries import page_of_runs
from nntracker_ray.storage.tag_writes import list_tags
from nntracker_ray.storage.writes import ensure_local_account

RUNS = 10_000
PAGE = 100
ROUNDS = 12  # of each case; the first one is thrown away
GOAL_MS = 100

Case = Mapping[str, Any]  # as GET /api/runs takes it


def measure() -> list[Figure]:
    """One embedded PostgreSQL; the web server in a process of its own."""
    with embedded_database() as (dsn, database):
        experiments = fill(database, RUNS)
        cases = _cases(str(experiments[len(experiments) // 2]))
        with database.connection() as conn:
            viewer_id = ensure_local_account(conn)
        stored = {name: _times(partial(_page, database, viewer_id, case)) for name, case in cases.items()}
        reading = _times(lambda: _page_and_around(database, viewer_id))
        with web_server(dsn) as server, signed_in(database, server.address) as client:
            answered = {name: _times(partial(_get, client, case)) for name, case in cases.items()}
    return [
        _figure(
            f"a page of {RUNS:,} runs from the database, 95 % of {len(cases)} filters and orders", stored
        ),
        _figure("the same with folds and tags, as the page of the list reads it", {"page": reading}),
        _figure("GET /api/runs, answered, 95 %", answered),
    ]


def _cases(experiment_id: str) -> dict[str, Case]:
    """What the page offers, each alone, and the worst of it together."""
    orders = [*RunColumn, *(f"{METRIC_ORDER}{metric}" for metric in METRICS)]
    month = datetime.now(UTC) - timedelta(days=30)
    return {
        "first page": {},
        "last page": {"offset": RUNS - PAGE},
        **{f"by {order}": {"sort": order} for order in orders},
        **{f"by -{order}": {"sort": f"-{order}"} for order in orders},
        **{f"only {state}": {"state": [state.value]} for state in RunState},
        "only a tag": {"tag": TAGS[0]},
        "only an experiment": {"experiment_id": experiment_id},
        "only an owner": {"owner": "local"},
        "a month": {"since": month.isoformat(), "until": datetime.now(UTC).isoformat()},
        "found often": {"search": "study"},
        "found in some": {"search": "(o3) (7)"},
        "found nowhere": {"search": "no such word"},
        "all at once": {"search": "study", "state": ["finished"], "sort": "-metric:val_accuracy"},
    }


def _page(database: Database, viewer_id: UUID, case: Case) -> None:
    states = tuple(RunState(state) for state in case.get("state", ()))
    experiment_id = UUID(case["experiment_id"]) if "experiment_id" in case else None
    wanted = RunFilter(
        Selection(experiment_id=experiment_id, tag=case.get("tag"), states=states),
        case.get("search", ""),
        viewer_id if "owner" in case else None,
        _moment(case.get("since")),
        _moment(case.get("until")),
    )
    order = RunOrder.read(case.get("sort", RunColumn.SUBMITTED))
    with database.connection() as conn:
        page_of_runs(
            conn, viewer_id=viewer_id, wanted=wanted, order=order, limit=PAGE, offset=case.get("offset", 0)
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _page_and_around(database: Database, viewer_id: UUID) -> None:
    with database.connection() as conn:
        page = queries.page_of_runs(conn, viewer_id=viewer_id, limit=PAGE)
        fold_means(conn, viewer_id, page.rows)
        list_tags(conn, viewer_id=viewer_id, limit=MOST_TAGS)


def _get(client: httpx.Client, case: Case) -> None:
    client.get("/api/runs", params={"limit": PAGE, **case}).raise_for_status()


def _times(action: Callable[[], None]) -> list[float]:
    """Milliseconds of each round."""
    return [seconds(action) * 1e3 for _ in range(ROUNDS)][1:]


def _figure(what: str, times: Mapping[str, list[float]]) -> Figure:
    medians = {name: statistics.median(of_one) for name, of_one in times.items()}
    slowest = sorted(medians, key=medians.__getitem__)[-3:][::-1]
    every = np.concatenate([*map(np.asarray, times.values())])
    named = ", ".join(f"{name} {medians[name]:.0f}" for name in slowest)
    return Figure(
        "P13",
        what,
        float(np.percentile(every, 95)),
        "ms",
        GOAL_MS,
        at_most=True,
        detail=f"median {np.median(every):.0f} ms; slowest medians: {named} ms",
    )
