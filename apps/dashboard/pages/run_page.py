"""One run: `/run?id=UUID`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pandas as pd
import panel as pn

from apps.dashboard.components.chart_grid import ChartGrid
from apps.dashboard.components.elements import Elements, h
from apps.dashboard.curve_rows import CurveRows
from apps.dashboard.live import LiveFeed, Refresher
from apps.dashboard.page import caller_id, page
from apps.dashboard.pages.run_view import (
    FoldMean,
    RunDetails,
    epochs_view,
    facts_view,
    head_view,
    not_found_view,
)
from apps.dashboard.pages.runs_view import away_view, loading_view
from apps.dashboard.session import on_this_page
from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import RunRow
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection, Database

PAUSE_S = 0.15
NOTHING_TO_SAY = h("div")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One reading of the database; None when there is no such run."""

    details: RunDetails
    fresh: pd.DataFrame  # rows the page did not have
    rows: CurveRows  # all rows; another object than before when the run was started anew


def run_page(database: Database, feed: LiveFeed) -> Any:
    """Build the page for one visitor. It reads the database once it is open, never while it is built."""
    run_id = _run_id()
    if run_id is None:
        return page("Run", [Elements(not_found_view())])
    reader = _Reader(database, caller_id(), run_id)
    shown = _RunPage()
    on_this_page(
        lambda show: Refresher(
            feed,
            concerns=lambda changed: changed == str(run_id),
            fetch=reader.read,
            show=show(shown.show),
            show_away=show(shown.show_away),
            pause_s=PAUSE_S,
        )
    )
    return page("Run", shown.parts)


class _Reader:
    """Reads the run, and of its metrics only what is new. Called from one thread at a time."""

    def __init__(self, database: Database, viewer_id: UUID, run_id: UUID) -> None:
        self._database = database
        self._who = {"viewer_id": viewer_id, "run_id": run_id}
        self._attempt = -1
        self._rows = CurveRows()

    def read(self) -> Fetched | None:
        try:
            with self._database.connection() as conn:
                return self._read(conn)
        except NotFoundError:
            return None

    def _read(self, conn: Connection) -> Fetched:
        row = queries.find_run(conn, **self._who)
        if row.attempt != self._attempt:
            self._attempt, self._rows = row.attempt, CurveRows()
        viewer_id, run_id = self._who["viewer_id"], self._who["run_id"]
        columns = queries.learning_curves(
            conn, viewer_id=viewer_id, run_ids=[run_id], after_epoch=self._rows.after_epoch
        )
        details = RunDetails(
            row=row,
            spec=queries.run_spec(conn, **self._who),
            facts=queries.run_facts(conn, **self._who),
            now=datetime.now(UTC),
            fold_means=_fold_means(conn, viewer_id, row),
        )
        return Fetched(details, self._rows.add(columns), self._rows)


class _RunPage:
    """The parts of the page and how they follow what is fetched."""

    def __init__(self) -> None:
        self._notice = Elements(loading_view())
        self._head = Elements(NOTHING_TO_SAY)
        self._charts = ChartGrid()
        self._facts = Elements(NOTHING_TO_SAY)
        self._epochs = Elements(NOTHING_TO_SAY)
        self.parts = [self._notice, self._head, self._charts.layout, self._facts, self._epochs]

    def show(self, found: Fetched | None) -> None:
        if found is None:
            self._notice.update(not_found_view())
            return
        self._notice.update(NOTHING_TO_SAY)
        self._head.update(head_view(found.details))
        self._charts.show(found.fresh, found.rows)
        self._facts.update(facts_view(found.details))
        self._epochs.update(epochs_view(found.rows.frame))

    def show_away(self) -> None:
        self._notice.update(away_view())


def _fold_means(conn: Connection, viewer_id: UUID, row: RunRow) -> tuple[FoldMean, ...]:
    """Of this run's configuration, where there is more than one run of it."""
    summary = queries.fold_summary(conn, viewer_id=viewer_id, experiment_id=row.experiment_id)
    places = range(len(summary["metric"]))
    means = (
        FoldMean(*(summary[name][place] for name in ("metric", "runs", "mean", "std"))) for place in places
    )
    mine = [place for place in places if summary["configuration_index"][place] == row.configuration_index]
    return tuple(mean for place, mean in enumerate(means) if place in mine and mean.runs > 1)


def _run_id() -> UUID | None:
    given = pn.state.session_args.get("id", [b""])[0].decode("ascii", "ignore")
    try:
        return UUID(given)
    except ValueError:
        return None
