"""What the page of a run reads of the database: of the metrics only what is new, of the rest what the tab shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apps.dashboard.curve_rows import CurveRows
from apps.dashboard.pages.run_general import FoldMean, RunDetails
from apps.dashboard.pages.run_head import RunHead
from apps.dashboard.pages.run_history import LOG_LINES, RunHistory, running_since
from apps.dashboard.pages.run_inside_view import Inside
from apps.dashboard.run_place import Graph, RunPlace, Tab
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.errors import NotFoundError
from nntracker_ray.figures import RateChange
from nntracker_ray.records import RunRow, RunSpec, RunState
from nntracker_ray.states import AT_WORK
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.tables import Columns, lines_of

WAITING = frozenset({RunState.QUEUED, RunState.PAUSED})


@dataclass(frozen=True, slots=True)
class Fetched:
    """One reading of the database. What the tab does not show is None or empty."""

    head: RunHead
    rows: CurveRows  # another object than before when the run was started anew
    changes: tuple[RateChange, ...] = ()
    details: RunDetails | None = None
    history: RunHistory | None = None
    checkpoints: Sequence[CheckpointInfo] = ()
    arrays: Sequence[dict[str, Any]] = field(default=())  # captured ones, as `weight_arrays` gives them
    inside: Inside | None = None


class RunReader:
    """Reads one run for one page. Called from one thread at a time; None when there is no such run any more."""

    def __init__(self, database: Database, viewer_id: UUID, *, may_act: bool) -> None:
        self._database, self._viewer_id, self._may_act = database, viewer_id, may_act
        self._attempt = -1
        self._rows = CurveRows()
        self._state: tuple[int, RunState] | None = None
        self._states: Columns = {}
        self._spec: RunSpec | None = None

    def read(self, place: RunPlace) -> Fetched | None:
        """Everything that the place shows, as it stands now."""
        try:
            with self._database.connection() as conn:
                return self._read(conn, place, {"viewer_id": self._viewer_id, "run_id": place.run_id})
        except NotFoundError:
            return None

    def _read(self, conn: Connection, place: RunPlace, who: dict[str, UUID]) -> Fetched:
        row = queries.find_run(conn, **who)
        self._notice(conn, row, who)
        self._rows.add(
            queries.learning_curves(
                conn,
                viewer_id=self._viewer_id,
                run_ids=[place.run_id],
                after_epoch=self._rows.after_epoch,
            )
        )
        head = self._head(conn, row, place, who)
        match place.tab:
            case Tab.GENERAL:
                return self._general(conn, head, who)
            case Tab.GRAPHS if place.graph is Graph.CURVES:
                return Fetched(head, self._rows, rate_changes(queries.adaptations(conn, **who)))
            case Tab.GRAPHS:
                return Fetched(head, self._rows, arrays=queries.weight_arrays(conn, **who))
            case Tab.INSIDE:
                return Fetched(head, self._rows, inside=self._inside(conn, row, who))
            case Tab.FILES:
                arrays = queries.weight_arrays(conn, **who)
                return Fetched(head, self._rows, checkpoints=queries.checkpoints(conn, **who), arrays=arrays)
        return Fetched(head, self._rows)

    def _notice(self, conn: Connection, row: RunRow, who: dict[str, UUID]) -> None:
        """What changes with the state alone is read then alone."""
        if row.attempt != self._attempt:
            self._attempt, self._rows = row.attempt, CurveRows()
        if (row.attempt, row.state) != self._state:
            self._state = (row.attempt, row.state)
            self._states = queries.state_changes(conn, **who)
            self._spec = queries.run_spec(conn, **who)

    def _head(self, conn: Connection, row: RunRow, place: RunPlace, who: dict[str, UUID]) -> RunHead:
        waiting = queries.waiting_place(conn, **who) if row.state in WAITING else None
        now = datetime.now(UTC)
        # A run whose trainer is lost is shown as waiting, whatever its history ends with.
        since = self._since_last_value(now) if row.state in AT_WORK else None
        return RunHead(row, now, place, self._may_act, since, waiting)

    def _since_last_value(self, now: datetime) -> timedelta | None:
        since = running_since(self._states)
        if since is None or self._rows.last_time is None:
            return None
        newest = self._rows.last_time.replace(tzinfo=UTC)
        return now - max(since, newest)

    def _inside(self, conn: Connection, row: RunRow, who: dict[str, UUID]) -> Inside:
        assert self._spec is not None  # noqa: S101 - for the type checker: `_notice` comes first
        return Inside(
            row.experiment_id,
            row.attempt,
            row.state,
            queries.observed_series(conn, **who),
            self._spec.introspection,
            queries.run_facts(conn, **who),
        )

    def _general(self, conn: Connection, head: RunHead, who: dict[str, UUID]) -> Fetched:
        row, adaptations = head.row, queries.adaptations(conn, **who)
        assert self._spec is not None  # noqa: S101 - for the type checker: `_notice` comes first
        place = {"viewer_id": self._viewer_id, "experiment_id": row.experiment_id}
        sizes = queries.fold_sizes(conn, **place, fold=row.fold) if row.fold is not None else None
        details = RunDetails(
            row, self._spec, queries.run_facts(conn, **who), fold_means(conn, self._viewer_id, row), sizes
        )
        log = queries.log_tail(conn, **who, limit=LOG_LINES)
        history = RunHistory(self._states, adaptations, log)
        return Fetched(head, self._rows, rate_changes(adaptations), details, history)


def rate_changes(adaptations: Columns) -> tuple[RateChange, ...]:
    """As charts mark them."""
    return tuple(
        RateChange(line["epoch"], line["step"], line["old"], line["new"], line["cause"])
        for line in lines_of(adaptations)
        if line["parameter"] == "learning_rate"
    )


def fold_means(conn: Connection, viewer_id: UUID, row: RunRow) -> tuple[FoldMean, ...]:
    """Of this run's configuration, where there is more than one run of it."""
    summary = queries.fold_summary(conn, viewer_id=viewer_id, experiment_id=row.experiment_id)
    means = (
        FoldMean(line["metric"], line["runs"], line["mean"], line["std"])
        for line in lines_of(summary)
        if line["configuration_index"] == row.configuration_index
    )
    return tuple(mean for mean in means if mean.runs > 1)
