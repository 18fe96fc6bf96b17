"""What Ray Tune sees of a run: a Trainable that is a thin shell around a leased run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ray import tune

from actors.ray_names import show_process_as
from nntracker_ray.memory_use import peak_rss_bytes
from nntracker_ray.records import Lease, from_json, to_json

if TYPE_CHECKING:
    from nntracker_ray.leased_run import LeasedRun

SLICE_S = 1.0  # Tune hears of a trial at least this often, and may end it then
LEAVE_S = 8.0  # what a run has for its checkpoint when the platform stops

# What a trial tells Tune beside how far it is.
GIVEN_BACK = "given_back"  # a person has asked for its hardware
PEAK_BYTES = "peak_bytes"  # of the memory of its process

TrialConfig: TypeAlias = dict[str, Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrialPlace:
    """Where a worker finds everything. Travels through Ray's object store: the DSN may hold a password."""

    home: Path
    dsn: str


def trial_config(lease: Lease) -> TrialConfig:
    """What Tune carries to the worker for one run."""
    wanted = lease.spec.resources
    return {"lease": to_json(lease), "cpu": wanted.cpu, "gpu": wanted.gpu}


def warm_up_config() -> TrialConfig:
    """A trial that trains nothing we keep, and leaves a worker behind in which the next run starts at once."""
    return {"lease": None, "cpu": 1.0, "gpu": 0.0}


def lease_of(config: TrialConfig) -> Lease | None:
    """The lease in a trial's config; None for a warm-up."""
    text = config["lease"]
    return None if text is None else from_json(Lease, text)


def name_of(config: TrialConfig) -> str:
    """What people call a trial: the name of its run."""
    lease = lease_of(config)
    return "warm-up" if lease is None else lease.spec.name


class TrialTrainable(tune.Trainable):
    """Trains one leased run after the other in one process.

    Tune is only told whether a run is over. All else (metrics, states, checkpoints) goes to the database and to
    the data folder, so that nothing depends on Tune's memory.
    """

    @classmethod
    def default_resource_request(cls, config: TrialConfig) -> tune.PlacementGroupFactory:
        """The run's share of CPUs and GPUs. Tune reuses a process only for equal requests."""
        request = {"CPU": config["cpu"], "GPU": config["gpu"]}
        return tune.PlacementGroupFactory([{kind: share for kind, share in request.items() if share}])

    def setup(self, config: TrialConfig, *, place: TrialPlace) -> None:
        """Furnish the process, once."""
        from actors.worker_process import WorkerProcess

        self._worker = WorkerProcess(place.home, place.dsn, threads=max(1, int(config["cpu"])))
        self.reset_config(config)

    def reset_config(self, new_config: TrialConfig) -> bool:
        """Take the next run in this process, without beginning it. Always possible."""
        # Tune may still give a run that it has set up here to another worker, one that just became free. Only
        # the worker that is told to step has it.
        self._lease, self._name = lease_of(new_config), name_of(new_config)
        self._run: LeasedRun | None = None
        return True

    def step(self) -> dict[str, Any]:
        """Begin the run if need be; wait for a slice of time, or for its end."""
        show_process_as(self._name)
        if self._lease is None:
            self._worker.warm_up()
            return {"epochs_done": 0, "done": True, GIVEN_BACK: False}
        self._run = self._run or self._worker.begin(self._lease)
        done = self._run.wait(SLICE_S)
        return {
            "epochs_done": self._run.epochs_done,
            "done": done,
            GIVEN_BACK: self._run.is_given_back,
            PEAK_BYTES: peak_rss_bytes(),
        }

    def cleanup(self) -> None:
        """End the run, if there is one, with a checkpoint, and queue it again."""
        if self._run is not None and not self._run.leave(LEAVE_S):
            _log.warning(
                "the run did not end within %g s; it goes on later from its last checkpoint", LEAVE_S
            )
        self._worker.close()
