"""What a worker process has for all the runs it trains."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.datasets import DatasetStore
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Lease, RunSpec
from nntracker_ray.remote_patience import patience
from nntracker_ray.sinks import RecordSink
from nntracker_ray.storage.connection import Database
from nntracker_ray.training.data import TrainingData, load_training_data


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a training begins with."""

    data: TrainingData
    model_json: str


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
        return CheckpointFolder(self.home, lease.run_id, lease.spec.checkpoints, run_no=lease.run_no)

    def material(self, spec: RunSpec, *, unwanted: threading.Event) -> Material:
        """Data and model of a run. A shared folder that does not answer is waited for, for two minutes.

        Args:
            unwanted: Ends the wait when set.
        Raises: RemoteError: It did not answer for so long, or nobody wants the material any more. Otherwise as
            the stores.
        """
        return patience(unwanted)(self._fetch, spec)

    def _fetch(self, spec: RunSpec) -> Material:
        return Material(load_training_data(spec, self.datasets), self.models.get(spec.model_digest))
