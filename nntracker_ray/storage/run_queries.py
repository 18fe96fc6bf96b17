"""Runs as lists and pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import dict_row

from nntracker_ray.commands import Selection, require_parts
from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import Configuration, JsonValue, Lease, RunRow, RunSpec, RunState, from_json
from nntracker_ray.run_lists import RunFilter, RunOrder
from nntracker_ray.storage import json_values
from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.command_queries import selection_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, columns_of
from nntracker_ray.storage.visible import no_such_run, require_experiment, visible_run_no

ALL_RUNS, AS_SUBMITTED = RunFilter(), RunOrder()


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some of the runs that match, and how many do."""

    rows: tuple[RunRow, ...]
    total: int


def page_of_runs(
    conn: Connection,
    *,
    viewer_id: UUID,
    wanted: RunFilter = ALL_RUNS,
    order: RunOrder = AS_SUBMITTED,
    limit: int | None = 100,
    offset: int = 0,
) -> RunPage:
    """A page of the viewer's runs.

    Args:
        limit: Rows at most; None: all.
        offset: Rows to skip. Past the last row there are none, and the total is not known.
    """
    values = {
        **selection_values(wanted.selection),
        "viewer_id": viewer_id,
        "search": wanted.search,
        "owner_id": wanted.owner_id,
        "since": wanted.since,
        "until": wanted.until,
        "order_by": "metric" if order.metric is not None else order.column,
        "metric": order.metric,
        "descending": order.descending,
        "limit": limit,
        "offset": offset,
    }
    with conn.cursor(binary=True, row_factory=dict_row) as cursor:
        rows = cursor.execute(query("list_runs"), values).fetchall()
    total = rows[0]["total"] if rows else 0
    return RunPage(tuple(map(_run_row, rows)), total)


def list_runs(
    conn: Connection,
    *,
    viewer_id: UUID,
    experiment_id: UUID | None = None,
    tag: str | None = None,
    states: Sequence[RunState] = (),
    limit: int = 100,
    offset: int = 0,
) -> list[RunRow]:
    """A page of the viewer's runs: newest experiment first, then grid order.

    Args:
        experiment_id: Only of this experiment.
        tag: Only with this tag.
        states: Only in one of these.
        offset: Rows to skip.
    """
    wanted = RunFilter(Selection(experiment_id=experiment_id, tag=tag, states=tuple(states)))
    return list(page_of_runs(conn, viewer_id=viewer_id, wanted=wanted, limit=limit, offset=offset).rows)


def select_runs(
    conn: Connection, *, viewer_id: UUID, selection: Selection, limit: int | None = None
) -> list[RunRow]:
    """The runs that match a selection, newest experiment first, then grid order.

    Raises: BadInputError: The selection is empty.
    """
    require_parts(selection)
    return list(page_of_runs(conn, viewer_id=viewer_id, wanted=RunFilter(selection), limit=limit).rows)


def count_runs(
    conn: Connection,
    *,
    viewer_id: UUID,
    experiment_id: UUID | None = None,
    tag: str | None = None,
    states: Sequence[RunState] = (),
) -> int:
    """How many runs `list_runs` would page through."""
    selection = Selection(experiment_id=experiment_id, tag=tag, states=tuple(states))
    row = conn.execute(
        query("count_runs"), {"viewer_id": viewer_id, **selection_values(selection)}
    ).fetchone()
    return int(row[0]) if row else 0


def find_run(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> RunRow:
    """One run. Raises: NotFoundError: No such run, or not the viewer's."""
    rows = select_runs(conn, viewer_id=viewer_id, selection=Selection(run_ids=(run_id,)))
    if not rows:
        raise no_such_run(run_id)
    return rows[0]


def run_spec(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> RunSpec:
    """Everything that determines a run. Raises: NotFoundError: No such run, or not the viewer's."""
    row = conn.execute(query("run_spec"), {"viewer_id": viewer_id, "run_id": run_id}).fetchone()
    if row is None:
        raise no_such_run(run_id)
    return from_json(RunSpec, row[0])


def newest_leases(conn: Connection, run_ids: Sequence[UUID]) -> list[Lease]:
    """These runs as their newest attempt has them, of any owner, in order of their numbers."""
    rows = conn.execute(query("specs_of_runs"), {"run_ids": list(run_ids)}).fetchall()
    return [_lease(run_no, attempt, from_json(RunSpec, spec)) for run_no, attempt, spec in rows]


def run_facts(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> dict[str, JsonValue]:
    """What is true of a run as a whole, by key. Raises: NotFoundError: No such run, or not the viewer's."""
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    return {
        key: json_values.loads(value) for key, value in conn.execute(query("run_facts"), {"run_no": run_no})
    }


def state_changes(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> Columns:
    """The history of a run, oldest first: time, state, attempt, by, why, error.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    rows = conn.execute(query("state_changes"), {"run_no": run_no}).fetchall()
    return columns_of(("time", "state", "attempt", "by", "why", "error"), rows)


def fold_summary(conn: Connection, *, viewer_id: UUID, experiment_id: UUID) -> Columns:
    """Spread of the last values over the folds and repeats of each configuration.

    Returns: configuration_index, name (of the configuration), runs, metric, mean, std (of a sample, n - 1;
        nan for one run); one row per configuration and metric.
    Raises: NotFoundError: No such experiment, or not the viewer's.
    """
    require_experiment(conn, viewer_id=viewer_id, experiment_id=experiment_id)
    rows = conn.execute(
        query("fold_summary"), {"viewer_id": viewer_id, "experiment_id": experiment_id}, binary=True
    ).fetchall()
    summary = columns_of(("configuration_index", "name", "runs", "metric", "mean", "std"), rows)
    return {**summary, "std": [float("nan") if std is None else std for std in summary["std"]]}


def fold_membership(
    conn: Connection, *, viewer_id: UUID, experiment_id: UUID, fold: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of the original training set that a fold trains on, and those it holds out.

    Raises: NotFoundError: No such fold or experiment, or not the viewer's.
    """
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id, "fold": fold}
    row = numpy_cursor(conn).execute(query("fold_membership"), values).fetchone()
    if row is None:
        raise NotFoundError(f"experiment {experiment_id} has no fold {fold}")
    return row[0], row[1]


def _lease(run_no: int, attempt: int, spec: RunSpec) -> Lease:
    return Lease(run_no, spec.run_id, attempt, spec)


def _run_row(row: dict[str, Any]) -> RunRow:
    metrics = dict(zip(row.pop("metric_names"), row.pop("metric_values"), strict=True))
    del row["total"]
    return RunRow(
        **{
            **row,
            "state": RunState(row["state"]),
            "configuration": from_json(Configuration, row["configuration"]),
            "tags": tuple(row["tags"]),
            "metrics": metrics,
        }
    )
