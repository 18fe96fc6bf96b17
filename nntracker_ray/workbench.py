"""What a worker process has for all the runs it trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.datasets import DatasetStore
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Lease
from nntracker_ray.sinks import RecordSink
from nntracker_ray.storage.connection import Database


@dataclass(frozen=True, slots=True)
class Workbench:
    """Places and helpers that a leased run needs."""

    home: Home
    database: Database
    datasets: DatasetStore
    models: ModelStore
    open_sink: Callable[[Lease], RecordSink]
    deliver_leftovers: Callable[[], None]  # brings what dead trainers of this machine left in their spools

    def checkpoints(self, lease: Lease) -> CheckpointFolder:
        """The checkpoints of a run."""
        return CheckpointFolder(self.home, lease.run_id, lease.spec.checkpoints)
