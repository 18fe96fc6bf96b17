"""What waits for hardware, for Ray's autoscaler."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.records import Resources
from nntracker_ray.scaling import MOST, WaitingRuns
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def waiting_hardware(conn: Connection) -> list[WaitingRuns]:
    """The first runs in line of each user and size, with the places that limits leave them."""
    rows = conn.execute(query("waiting_hardware"), {"most": MOST}).fetchall()
    return [_waiting_runs(*row) for row in rows]


def _waiting_runs(
    owner_id: UUID,
    owner_places: int | None,
    experiment_no: int,
    experiment_places: int | None,
    cpu: float,
    gpu: float,
    runs: int,
) -> WaitingRuns:
    return WaitingRuns(owner_id, owner_places, experiment_no, experiment_places, Resources(cpu, gpu), runs)
