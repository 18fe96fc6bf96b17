"""Why a run has not begun, and how its data were divided: what its page says beside its measurements."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.visible import visible_run_no


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """What stands between a queued run and its start, as far as the viewer may see."""

    ahead: int  # runs of the same owner that go first
    at_work: int  # runs of the same owner
    max_running: int | None  # of the owner at once; None: no limit
    experiment_at_work: int
    max_concurrent: int | None  # of the experiment at once; None: no limit
    cpu: float  # cores that it asks for
    gpu: float  # GPUs that it asks for
    hold: str | None  # "disk": paused for want of room, and goes on by itself


@dataclass(frozen=True, slots=True)
class FoldSizes:
    """Rows of the original training set in a fold."""

    train: int
    held_out: int


def waiting_place(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> WaitingPlace | None:
    """Where a run stands in the queue; None when it is gone meanwhile.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    row = conn.execute(query("waiting_place"), {"run_no": run_no}).fetchone()
    return WaitingPlace(*row) if row else None


def fold_sizes(conn: Connection, *, viewer_id: UUID, experiment_id: UUID, fold: int) -> FoldSizes | None:
    """How many rows a fold trains on and holds out; None where no membership is stored."""
    values = {"viewer_id": viewer_id, "experiment_id": experiment_id, "fold": fold}
    row = conn.execute(query("fold_sizes"), values).fetchone()
    return FoldSizes(*row) if row else None
