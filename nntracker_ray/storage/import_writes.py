"""What an archive brings, into the tables: as it was, and whose it is now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any
from uuid import UUID

from numpy.typing import NDArray

from nntracker_ray.records import Adaptation, Batch, Capture, LogLine, MetricArray, MetricPoint, WeightArray
from nntracker_ray.storage.adaptation_writes import write_adaptations
from nntracker_ray.storage.archive_queries import (
    ArchivedExperiment,
    ArchivedRun,
    CapturedArray,
    Change,
    Fact,
    Folds,
    LastPoint,
    Point,
    StateChange,
)
from nntracker_ray.storage.binary_copy import storable
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.log_writes import write_log
from nntracker_ray.storage.metric_array_writes import write_metric_arrays
from nntracker_ray.storage.metric_writes import write_metrics
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.weight_writes import write_weights


def may_keep_ids(conn: Connection, *, user_id: UUID, experiment_of: Mapping[UUID, UUID]) -> bool:
    """Whether what an account imports may have the ids that it brings, where they are free.

    Args:
        experiment_of: Run -> its experiment.
    """
    values = {"run_ids": list(experiment_of), "experiment_ids": list(experiment_of.values())}
    row = conn.execute(query("may_keep_ids"), {"user_id": user_id, **values}).fetchone()
    return row is not None and bool(row[0])


def import_experiment(
    conn: Connection, experiment: ArchivedExperiment, folds: Folds, *, owner_id: UUID
) -> bool:
    """Add an experiment without runs. False: its id is taken, by whomever; nothing was added."""
    values = {**asdict(experiment), "owner_id": owner_id}
    if conn.execute(query("insert_imported_experiment"), values).rowcount != 1:
        return False
    for fold, (train, held_out) in folds.items():
        rows = {"train": train.tolist(), "held_out": held_out.tolist()}
        conn.execute(query("insert_fold"), {"experiment_id": experiment.experiment_id, "fold": fold, **rows})
    return True


def import_run(conn: Connection, run: ArchivedRun, *, parent_no: int | None) -> int | None:
    """Add a run to its experiment; its number, or None if its id is taken."""
    values = {**asdict(run), "tags": list(run.tags), "parent_no": parent_no}
    row = conn.execute(query("insert_imported_run"), values).fetchone()
    return None if row is None else int(row[0])


def import_states(conn: Connection, run_no: int, states: Sequence[StateChange]) -> None:
    """The history of a run, oldest first."""
    columns = list(zip(*states, strict=True)) or [()] * len(StateChange._fields)
    names = ("states", "attempts", "bys", "whys", "errors", "times")
    values = {name: list(column) for name, column in zip(names, columns, strict=True)}
    conn.execute(query("insert_imported_states"), {"run_no": run_no, **values})


def import_facts(conn: Connection, run_no: int, facts: Iterable[Fact]) -> None:
    """What is true of a run as a whole; values keep their marks."""
    for fact in facts:
        values = {"run_no": run_no, "key": storable(fact.key), "attempt": fact.attempt}
        conn.execute(query("merge_fact"), {**values, "value": json.dumps(fact.value, allow_nan=False)})


def import_adaptations(conn: Connection, run_no: int, changes: Iterable[Change]) -> None:
    """Changes of what governs a training."""
    for one in changes:
        record = Adaptation(one.parameter, one.epoch, one.step, one.old, one.new, one.cause, one.time)
        write_adaptations(conn, [Batch(run_no, one.attempt, (record,))])


def import_points(conn: Connection, run_no: int, points: Iterable[Point]) -> None:
    """A page of what was measured."""
    ordered = sorted(points, key=lambda point: point.attempt)
    write_metrics(
        conn,
        [
            Batch(run_no, attempt, tuple(map(_measured, of_attempt)))
            for attempt, of_attempt in groupby(ordered, key=lambda point: point.attempt)
        ],
    )


def import_last_metrics(conn: Connection, run_no: int, last: Sequence[LastPoint]) -> None:
    """What lists show of a run, in place of what its points have brought: after the last of them."""
    conn.execute(query("forget_last_metrics"), {"run_no": run_no})
    rows = sorted(last)
    columns = list(zip(*rows, strict=True)) or [()] * len(LastPoint._fields)
    names = ("metrics", "epochs", "steps", "values", "times", "attempts")
    values = {name: list(column) for name, column in zip(names, columns, strict=True)}
    conn.execute(query("merge_last_metrics"), {"run_nos": [run_no] * len(rows), **values}, binary=True)


def import_log(conn: Connection, run_no: int, lines: Iterable[tuple[int, LogLine]]) -> None:
    """A page of what a run printed: (attempt, line)."""
    write_log(conn, [Batch(run_no, attempt, (line,)) for attempt, line in lines])


def import_metric_arrays(conn: Connection, run_no: int, looks: Iterable[tuple[int, MetricArray]]) -> None:
    """Some histograms and other arrays: (attempt, array)."""
    write_metric_arrays(conn, [Batch(run_no, attempt, (look,)) for attempt, look in looks])


def import_array(conn: Connection, run_no: int, about: CapturedArray, numbers: NDArray[Any]) -> None:
    """One captured array."""
    array = WeightArray(about.layer_index, about.layer_name, about.tensor, numbers)
    write_weights(
        conn, [Batch(run_no, about.attempt, (Capture(about.epoch, about.step, (array,), about.time),))]
    )


def announce_import(conn: Connection, run_nos: Sequence[int]) -> None:
    """Let lists hear of the runs, once they are all there."""
    conn.execute(query("announce_runs"), {"run_nos": list(run_nos)})


def _measured(point: Point) -> MetricPoint:
    return MetricPoint(
        point.metric, point.epoch, point.step, point.value, point.time, point.layer, point.tensor
    )
