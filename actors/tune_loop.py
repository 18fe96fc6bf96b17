"""One Ray Tune experiment that never ends: the queue's runs are its trials."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from actors.queue_search import QueueSearch, warm_s
from actors.ray_names import show_tasks_as
from actors.trial import GIVEN_BACK, PEAK_BYTES, TrialPlace, TrialTrainable, lease_of, name_of
from nntracker_ray.memory_use import MemoryDeaths, memory_error, tells_of_memory
from nntracker_ray.queue import LOST_WORKERS_ALLOWED, RunQueue
from nntracker_ray.records import Lease

# Read by Tune when a loop begins.
TUNE_SETTINGS = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # no CSV, JSON or TensorBoard files
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",  # the queue hands out only what can start
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",  # the database holds the truth
    "TUNE_WARN_THRESHOLD_S": "10",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # they go to the database
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}

_log = logging.getLogger(__name__)


def run_trials(queue: RunQueue, place: TrialPlace, first: Lease | None = None) -> None:
    """Train what the queue gives, until it is closed or a quiet moment in which everything should be let go.

    Args:
        first: A run that was claimed already.

    When it returns no trial is at work: those that were have been asked to leave, and have had some seconds.
    """
    os.environ.update(TUNE_SETTINGS)
    folder = _empty_folder(place.home / "cache" / "tune")
    try:
        _tuner(queue, place, folder, first).fit()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _empty_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def _tuner(queue: RunQueue, place: TrialPlace, folder: Path, first: Lease | None) -> tune.Tuner:
    return tune.Tuner(
        tune.with_parameters(TrialTrainable, place=place),
        tune_config=tune.TuneConfig(
            search_alg=QueueSearch(queue, first, idle_s=warm_s()),
            scheduler=QueueScheduler(queue),
            num_samples=10**9,
            reuse_actors=True,
            trial_dirname_creator=_folder_name,
            trial_name_creator=_shown_name,
        ),
        run_config=tune.RunConfig(
            name="runs",
            storage_path=str(folder),
            verbose=0,
            callbacks=[TrialReporter(queue)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            # A run that lost its worker goes back to the queue, which counts: see docs/running.md.
            failure_config=tune.FailureConfig(max_failures=0),
        ),
    )


def _folder_name(trial: Trial) -> str:
    return str(trial.trial_id)


def _shown_name(trial: Trial) -> str:
    return f"{name_of(trial.config)} [{trial.trial_id}]"


class QueueScheduler(FIFOScheduler):
    """First come, first served; a worker that becomes free is for the newest run; a closed queue ends them all.

    FIFO would give a free worker to the run that has waited longest, and throw away the process that is being
    started for it. While a grid of short runs lasts no second worker would ever get up.

    Tune keeps one idle worker, which holds its hardware in Ray's books. When a person has given hardware back, or
    a GPU is free, and nothing takes the worker over at once, it is ended.
    """

    def __init__(self, queue: RunQueue) -> None:
        super().__init__()
        self._queue = queue
        self._added: deque[Trial] = deque()
        self._should_free = False

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:  # noqa: ARG002 (Tune's signature)
        """The searcher has suggested a trial."""
        self._added.append(trial)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """A trial for which Tune has not looked for a worker yet; with None it sees to the others itself."""
        while self._added:
            if (trial := self._added.popleft()).status == Trial.PENDING:
                return trial
        if self._should_free and not _awaits_worker(tune_controller):
            # Tune asks the searcher before this, so whatever could take the worker over has been added.
            self._should_free = False
            end_idle_workers(tune_controller)
        return None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002
        """Called after each slice of a trial."""
        # Tune compares with `is`, so these constants and no others.
        decision: str = TrialScheduler.STOP if self._queue.closed else TrialScheduler.CONTINUE
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:  # noqa: ARG002
        """The run has ended; its worker is idle from now on."""
        self._should_free = self._should_free or bool(result.get(GIVEN_BACK)) or trial.config["gpu"] > 0

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the searcher."""
        return {}


def _awaits_worker(tune_controller: Any) -> bool:
    return any(trial.status == Trial.PENDING for trial in tune_controller.get_live_trials())


def end_idle_workers(tune_controller: Any) -> None:
    """Let Tune end the workers that it keeps in reserve. There is no public way: `ray` is pinned, a test looks."""
    controller = getattr(tune_controller, "_tune_controller", tune_controller)
    try:
        controller._cleanup_cached_actors(force_all=True)
    except AttributeError:
        _log.warning(
            "this Ray Tune has another way to keep idle workers; they stay until all runs have ended"
        )


class TrialReporter(tune.Callback):
    """Tells the queue which runs have a worker and which have lost theirs, and sweeps up behind Tune."""

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue
        self._deaths = MemoryDeaths()

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:  # noqa: ARG002
        """A worker has the run, and speaks for itself from now on."""
        show_tasks_as(trial.temporary_state.ray_actor, name_of(trial.config))
        if lease := lease_of(trial.config):
            self._queue.worker_has(lease)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:  # noqa: ARG002
        """The worker died, or could not be furnished. What a training raises is no error to Tune."""
        error = str(trial.get_error())
        _log.warning("trial %s lost its worker: %s", trial.trial_id, error)
        if lease := lease_of(trial.config):
            others = [
                _peak_bytes(other) for other in trials if other.status == Trial.RUNNING and other is not trial
            ]
            self._report(lease, error, _peak_bytes(trial), others)
        _sweep(trial)

    def _report(self, lease: Lease, error: str, peak_bytes: int, others: list[int]) -> None:
        allowed = LOST_WORKERS_ALLOWED
        if tells_of_memory(error):
            is_to_blame = self._deaths.is_to_blame(peak_bytes, others, now_s=time.monotonic())
            allowed = 1 if is_to_blame else LOST_WORKERS_ALLOWED
            error = memory_error(f"Ray ended it to save its node: {error[:1500]}.", peak_bytes or None)
        self._queue.report_lost_worker(lease, error, allowed=allowed)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:  # noqa: ARG002
        """The run has ended."""
        _sweep(trial)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as for the searcher."""
        return {}


def _peak_bytes(trial: Trial) -> int:
    return int((trial.last_result or {}).get(PEAK_BYTES, 0))


def _sweep(trial: Trial) -> None:
    """Remove the folders that Tune makes for each trial, and in which nobody writes anything."""
    for folder in (trial.local_path, trial.path):
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
