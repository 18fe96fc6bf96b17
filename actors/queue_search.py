"""The searcher through which Ray Tune draws its trials from our queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray.tune.search import Searcher

from actors.trial import TrialConfig, trial_config, warm_up_config
from nntracker_ray.queue import RunQueue
from nntracker_ray.records import Lease

RENEW_AFTER_TRIALS = 1000  # Tune keeps 40 kB of every trial it ever had


class QueueSearch(Searcher):
    """Suggests the next run that fits the free hardware, and a warm-up whenever the queue has run dry.

    Tune must be asked to start only what can start: it would hold a pending trial whatever the scheduler says.
    While nothing is at work `suggest` blocks, because Tune asks again only after a full second then.

    The warm-up serves twice. Tune keeps one idle worker, and puts the others away while it has something to do;
    and a worker that has loaded TensorFlow begins the next run within milliseconds.
    """

    def __init__(self, queue: RunQueue) -> None:
        super().__init__(
            metric="training_iteration", mode="max"
        )  # Tune insists on a metric that every trial has
        self._queue = queue
        self._at_work: dict[str, Lease | None] = {}  # by Tune's trial id; None: a warm-up
        self._is_warm = False
        self._suggested = 0

    def suggest(self, trial_id: str) -> TrialConfig | str | None:
        """The config of a trial that can start now; None while others are at work; FINISHED at the end.

        The end is a closed queue, or a quiet moment after so many trials that Tune's memory should be renewed.
        """
        while not self._queue.closed:
            if (lease := self._queue.claim()) is not None:
                return self._begin(trial_id, lease)
            if self._at_work:
                return None
            if self._suggested >= RENEW_AFTER_TRIALS:
                break
            if not self._is_warm:
                return self._begin(trial_id, None)
            self._queue.wait()
        finished: str = Searcher.FINISHED
        return finished

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,  # noqa: ARG002 (Tune's signature)
        error: bool = False,  # noqa: ARG002
    ) -> None:
        """The trial's hardware is free again."""
        lease = self._at_work.pop(trial_id, None)
        if lease is not None:
            self._queue.release(lease)
        self._queue.wake()

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing: the database does. Tune wants a file, though."""
        Path(checkpoint_path).write_bytes(b"")

    def restore(self, checkpoint_path: str) -> None:
        """Never asked for: each loop begins anew."""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its searcher for a restore that we do not use."""
        return {}

    def _begin(self, trial_id: str, lease: Lease | None) -> TrialConfig:
        self._at_work[trial_id] = lease
        self._is_warm = lease is None
        self._suggested += 1
        return warm_up_config() if lease is None else trial_config(lease)
