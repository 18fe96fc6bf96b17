"""Experiments as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import JsonValue, RunState
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment and how far its runs are."""

    experiment_id: UUID
    name: str
    created_at: datetime  # UTC
    max_concurrent: int | None  # runs at work at once; None: as many as fit
    runs: int
    epochs_done: int  # of all its runs together
    total_epochs: int
    states: dict[RunState, int]  # runs in each state that occurs


def list_experiments(
    conn: Connection, *, viewer_id: UUID, limit: int = 100, offset: int = 0
) -> list[ExperimentRow]:
    """A page of the viewer's experiments, newest first."""
    return _rows(conn, viewer_id, experiment_id=None, limit=limit, offset=offset)


def count_experiments(conn: Connection, *, viewer_id: UUID) -> int:
    """How many experiments `list_experiments` would page through."""
    row = conn.execute(query("count_experiments"), {"viewer_id": viewer_id}).fetchone()
    return int(row[0]) if row else 0


def find_experiment(conn: Connection, *, viewer_id: UUID, experiment_id: UUID) -> ExperimentRow:
    """One experiment. Raises: NotFoundError: No such experiment, or not the viewer's."""
    rows = _rows(conn, viewer_id, experiment_id=experiment_id, limit=1, offset=0)
    if not rows:
        raise NotFoundError(f"no experiment {experiment_id}")
    return rows[0]


def experiment_config(conn: Connection, *, viewer_id: UUID, experiment_id: UUID) -> JsonValue:
    """The experiment as submitted, canonical. Raises: NotFoundError: No such experiment, or not the viewer's."""
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id}
    row = conn.execute(query("experiment_config"), values).fetchone()
    if row is None:
        raise NotFoundError(f"no experiment {experiment_id}")
    return json_values.loads(row[0])


def _rows(
    conn: Connection, viewer_id: UUID, *, experiment_id: UUID | None, limit: int, offset: int
) -> list[ExperimentRow]:
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id, "limit": limit, "offset": offset}
    with conn.cursor(row_factory=dict_row) as cursor:
        return [_experiment_row(row) for row in cursor.execute(query("list_experiments"), values)]


def _experiment_row(row: dict[str, Any]) -> ExperimentRow:
    states = map(RunState, row.pop("states"))
    counts = dict(zip(states, row.pop("counts"), strict=True))
    return ExperimentRow(**row, states=counts)
