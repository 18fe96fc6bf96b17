"""Changes of what governs a training, into the table."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.records import Adaptation, Batch
from nntracker_ray.storage.binary_copy import storable
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def write_adaptations(connection: Connection, batches: Sequence[Batch]) -> None:
    """Merge every Adaptation of the batches: one for each run, parameter and step, that of the latest attempt."""
    for batch in batches:
        for change in batch.records:
            if isinstance(change, Adaptation):
                _write(connection, batch, change)


def _write(connection: Connection, batch: Batch, change: Adaptation) -> None:
    values = {
        "run_no": batch.run_no,
        "parameter": storable(change.parameter),
        "epoch": change.epoch,
        "step": change.step,
        "old": float(change.old),
        "new": float(change.new),
        "cause": storable(change.cause),
        "time": change.measured_at,
        "attempt": batch.attempt,
    }
    connection.execute(query("merge_adaptation"), values)
