"""What is left of a run when all is over: its rows, its files. Gathered here, judged in `rules`."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from nntracker_ray.checkpoints.archive import read_archive
from nntracker_ray.errors import CheckpointError
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.spool import orphaned
from nntracker_ray.storage import queries

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class StateChange:
    """One line of a run's history."""

    state: RunState
    attempt: int
    by: str


@dataclass(frozen=True)
class CheckpointEvidence:
    """The last checkpoint as it can be read."""

    trouble: str | None  # why it cannot be read; None when all is well
    run_id: str = ""
    epochs_done: int = 0
    batches_done: int = 0
    arrays: dict[str, str] = field(default_factory=dict)  # SHA-256 of dtype, shape and bytes by name


@dataclass(frozen=True)
class RunEvidence:
    """Everything that is known of one run."""

    run_no: int
    run_id: UUID
    name: str
    state: RunState
    attempt: int
    epochs_done: int
    steps_done: int
    total_epochs: int
    is_leased: bool
    error: str | None
    states: list[StateChange]
    metrics: Rows  # metric, layer, tensor, epoch, step, value as 8 bytes
    last_metrics: dict[str, tuple[int, int, bytes]]  # epoch, step, value by metric
    captures: dict[tuple[Any, ...], str]  # digest by epoch, layer, tensor, part
    arrays: dict[tuple[Any, ...], str]  # of looks: digest by metric, layer, tensor, epoch, step
    suspended: list[tuple[str, str]]  # metrics of the inside, and why
    adaptations: Rows  # parameter, epoch, step, old, new as bytes, cause
    log_lines: list[tuple[int, int]]  # attempt, line number
    pending_commands: int
    checkpoint: CheckpointEvidence
    listed: dict[str, int]  # bytes by name of checkpoint, as people are told
    files: dict[str, int]  # bytes by name of checkpoint, as they are


@dataclass(frozen=True)
class PlatformEvidence:
    """What belongs to no run, or to none that exists."""

    spools: list[str]  # records that nobody has acknowledged
    files_of_deleted: list[str]
    orphans: list[str] = field(default_factory=list)  # processes that should have ended


def gather_run(conn: psycopg.Connection[Any], home: Home, run_id: UUID) -> RunEvidence:
    """Look at everything there is of a run."""
    row = conn.execute(
        """SELECT run_no, name, state, attempt, epochs_done, steps_done, total_epochs, manager_id IS NOT NULL, error
             FROM runs WHERE run_id = %s""",
        [run_id],
    ).fetchone()
    assert row is not None, f"run {run_id} is not in the database"
    run_no, name, state, attempt, epochs_done, steps_done, total, is_leased, error = row
    folder = home.checkpoints / str(run_id)
    return RunEvidence(
        run_no=run_no,
        run_id=run_id,
        name=name,
        state=RunState(state),
        attempt=attempt,
        epochs_done=epochs_done,
        steps_done=steps_done,
        total_epochs=total,
        is_leased=is_leased,
        error=error,
        states=[StateChange(RunState(s), a, by) for s, a, by in _rows(conn, _STATES, run_no)],
        metrics=[(*key, _bits(value)) for *key, value in _rows(conn, _METRICS, run_no)],
        last_metrics={
            metric: (epoch, step, _bits(value)) for metric, epoch, step, value in _rows(conn, _LAST, run_no)
        },
        captures={tuple(key): digest for *key, digest in _rows(conn, _CAPTURES, run_no)},
        arrays={tuple(key): digest for *key, digest in _rows(conn, _ARRAYS, run_no)},
        suspended=[
            (one["metric"], one["why"])
            for (value,) in _rows(conn, _INSIDE, run_no)
            for one in value["suspended"]
        ],
        adaptations=_adaptations(conn, run_id),
        log_lines=[(a, line) for a, line in _rows(conn, _LOG, run_no)],
        pending_commands=len(_rows(conn, _PENDING, run_no)),
        checkpoint=_checkpoint(folder / "last.ckpt"),
        listed={
            one["name"]: one["bytes"] for (value,) in _rows(conn, _LISTED, run_no) for one in value or []
        },
        files={path.stem: path.stat().st_size for path in folder.glob("*.ckpt")},
    )


def gather_platform(
    conn: psycopg.Connection[Any], home: Home, orphans: list[str] | None = None
) -> PlatformEvidence:
    """Look at what belongs to no run. Args: orphans: processes found that should have ended."""
    deleted = [str(run_id) for (run_id,) in conn.execute("SELECT run_id FROM deleted_runs")]
    left = [run_id for run_id in deleted if (home.checkpoints / run_id).exists()]
    spools = [f"run {name.run_no}, attempt {name.attempt}" for name in orphaned(home.spool)]
    return PlatformEvidence(spools, left, orphans or [])


_STATES = "SELECT state, attempt, by FROM run_states WHERE run_no = %s ORDER BY no"
_METRICS = "SELECT metric, layer, tensor, epoch, step, value FROM metrics WHERE run_no = %s"
_LAST = "SELECT metric, epoch, step, value FROM run_last_metrics WHERE run_no = %s"
_CAPTURES = (
    "SELECT epoch, layer_name, tensor, part, encode(sha256(data), 'hex') FROM weight_arrays WHERE run_no = %s"
)
_ARRAYS = """SELECT metric, layer, tensor, epoch, step, encode(sha256(
                    convert_to(concat_ws(' ', dtype, shape, edges), 'UTF8') || data), 'hex')
               FROM metric_arrays WHERE run_no = %s"""
_INSIDE = "SELECT value FROM run_facts WHERE run_no = %s AND key = 'introspection'"
_LOG = "SELECT attempt, line_no FROM run_log WHERE run_no = %s ORDER BY attempt, line_no"
_PENDING = """SELECT 1 FROM command_targets t JOIN runs r USING (run_id)
               WHERE r.run_no = %s AND t.outcome = 'pending'"""
_LISTED = "SELECT value FROM run_facts WHERE run_no = %s AND key = 'checkpoints'"


def _rows(conn: psycopg.Connection[Any], statement: str, run_no: int) -> Rows:
    return conn.execute(statement, [run_no]).fetchall()


def _adaptations(conn: psycopg.Connection[Any], run_id: UUID) -> Rows:
    """As the product shows them: changes that a later attempt went back behind do not count."""
    owner = conn.execute("SELECT owner_id FROM runs WHERE run_id = %s", [run_id]).fetchone()
    assert owner is not None
    found = queries.adaptations(conn, viewer_id=owner[0], run_id=run_id)
    rows = zip(*(found[name] for name in ("parameter", "epoch", "step", "old", "new", "cause")), strict=True)
    return [
        (parameter, epoch, step, _bits(old), _bits(new), cause)
        for parameter, epoch, step, old, new, cause in rows
    ]


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _checkpoint(path: Path) -> CheckpointEvidence:
    try:
        head, arrays = read_archive(path)
    except (CheckpointError, FileNotFoundError) as error:
        return CheckpointEvidence(str(error))
    digests = {
        name: hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).hexdigest()
        for name, array in arrays.items()
    }
    place = head["place"]
    return CheckpointEvidence(None, head["run_id"], place["epochs_done"], place["batches_done"], digests)
