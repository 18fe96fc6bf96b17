"""Parents with epochs, forks of them, and what these show, for the contract of forks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np

from nntracker_ray.records import Lease, Progress, RunFact, RunRow
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.fork_writes import fork_run, rerun_run
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    capture,
    claim,
    point,
    started_run,
)

STEPS_PER_EPOCH = 10  # as in the examples of records


def kept(name: str, epochs: int, *, batches: int = 0) -> dict[str, Any]:
    """A checkpoint as the fact "checkpoints" lists it."""
    place = {"epochs_done": epochs, "batches_done": batches, "steps_done": epochs * STEPS_PER_EPOCH + batches}
    return {"name": name, "kind": name.partition("-")[0], **place, "bytes": 1}


def record_epochs(database: Database, lease: Lease, epochs: range, *checkpoints: dict[str, Any]) -> None:
    """Train these epochs, as far as the database can tell: loss = 100 x attempt's run + epoch, a capture each."""
    values = [
        record
        for epoch in epochs
        for record in (
            point("loss", epoch, value=100.0 * lease.run_no + epoch),
            point("norm", epoch, value=float(epoch), layer="dense", tensor="kernel"),
            capture(epoch, np.full(4, 100.0 * lease.run_no + epoch)),
        )
    ]
    progress = Progress(epochs.stop, epochs.stop * STEPS_PER_EPOCH, NOON)
    with database.connection() as conn:
        write_batches(conn, [batch(lease, *values, RunFact("checkpoints", list(checkpoints)), progress)])


def parent_with_epochs(database: Database, count: int, **given: Any) -> tuple[UUID, Lease]:
    """A run that has made so many epochs, and keeps a checkpoint of each beside the last."""
    owner_id, lease = started_run(database, **given)
    each = [kept(f"epoch-{epoch:04}", epoch + 1) for epoch in range(count)]
    record_epochs(database, lease, range(count), kept("last", count), *each)
    return owner_id, lease


def fork(database: Database, owner_id: UUID, run_id: UUID, **arguments: Any) -> UUID:
    with database.connection() as conn:
        return fork_run(conn, actor_id=owner_id, run_id=run_id, by="ada", arguments=arguments)[0]


def rerun(database: Database, owner_id: UUID, run_id: UUID) -> UUID:
    with database.connection() as conn:
        return rerun_run(conn, actor_id=owner_id, run_id=run_id, by="ada")[0]


def claimed(database: Database, run_id: UUID) -> Lease:
    """The lease of this run, which is the next one."""
    lease = claim(database)
    assert lease is not None
    assert lease.run_id == run_id
    return lease


def row_of(database: Database, owner_id: UUID, run_id: UUID) -> RunRow:
    with database.connection() as conn:
        return queries.find_run(conn, viewer_id=owner_id, run_id=run_id)


def losses(database: Database, owner_id: UUID, *run_ids: UUID) -> list[tuple[int, float, bool]]:
    """(epoch, loss, inherited) in drawing order."""
    with database.connection() as conn:
        found = queries.learning_curves(conn, viewer_id=owner_id, run_ids=run_ids, metrics=["loss"])
    return list(zip(*(found[name].tolist() for name in ("epoch", "value", "inherited")), strict=True))


def captured(database: Database, owner_id: UUID, run_id: UUID) -> list[tuple[int, float]]:
    """(epoch, first weight) of every capture."""
    names = {"viewer_id": owner_id, "run_id": run_id, "layer": "dense", "tensor": "kernel"}
    with database.connection() as conn:
        epochs, values = queries.layer_weights(conn, **names)
    return list(zip(epochs.tolist(), values[:, 0].tolist(), strict=True))
