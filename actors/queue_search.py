"""The searcher through which Ray Tune draws its trials from our queue."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any, Final

from ray.tune.search import Searcher

from actors.trial import GIVEN_BACK, TrialConfig, trial_config, warm_up_config
from nntracker_ray.errors import BadInputError
from nntracker_ray.queue import RunQueue
from nntracker_ray.records import Lease

RENEW_AFTER_TRIALS: Final = 1000  # Tune keeps 40 kB of every trial it ever had
WARM_VARIABLE: Final = "NNTRACKER_WARM_S"
WARM_S: Final = 600.0


def warm_s() -> float:
    """How long the last worker stays warm while nothing is queued.

    Raises: BadInputError: `NNTRACKER_WARM_S` says nonsense.
    """
    said = os.environ.get(WARM_VARIABLE, "") or str(WARM_S)
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise BadInputError(
            f"{WARM_VARIABLE} is {said!r}; allowed: seconds, from 0; the default is {WARM_S:g}"
        )
    return seconds


class QueueSearch(Searcher):
    """Suggests the next run that fits the free hardware, and a warm-up whenever the queue has run dry.

    Tune must be asked to start only what can start: it would hold a pending trial whatever the scheduler says.
    While nothing is at work `suggest` blocks, because Tune asks again only after a full second then.

    The warm-up serves twice. Tune keeps one idle worker, and puts the others away while it has something to do;
    and a worker that has loaded TensorFlow begins the next run within milliseconds.

    Args:
        first: A run that was claimed before this loop began.
        idle_s: How long the last worker stays while nothing is queued.
    """

    def __init__(self, queue: RunQueue, first: Lease | None = None, *, idle_s: float = WARM_S) -> None:
        super().__init__(
            metric="training_iteration", mode="max"
        )  # Tune insists on a metric that every trial has
        self._queue, self._first, self._idle_s = queue, first, idle_s
        self._at_work: dict[str, Lease | None] = {}  # by Tune's trial id; None: a warm-up
        self._is_warm = False
        self._had_gpu = (
            False  # since the last warm-up; TensorFlow keeps GPU memory as long as its process lives
        )
        self._suggested = 0

    def suggest(self, trial_id: str) -> TrialConfig | str | None:
        """The config of a trial that can start now; None while others are at work; FINISHED at the end.

        The end is a closed queue, or a quiet moment in which the hardware should be free: a person has asked
        for it, a GPU would be held, nothing was queued for long, or Tune's memory should be renewed. Tune ends
        its idle workers with the loop, and at no other time while it has nothing to do.
        """
        quiet_since = time.monotonic()
        while not self._queue.closed:
            if (lease := self._next()) is not None:
                return self._begin(trial_id, lease)
            if self._at_work:
                return None
            if self._should_end(time.monotonic() - quiet_since):
                break
            if not self._is_warm:
                return self._begin(trial_id, None)
            self._queue.wait(self._idle_s)
        finished: str = Searcher.FINISHED
        return finished

    def _next(self) -> Lease | None:
        first, self._first = self._first, None
        return first or self._queue.claim()

    def _should_end(self, quiet_s: float) -> bool:
        if quiet_s >= self._idle_s:
            self._queue.give_back()
        return self._queue.is_given_back or self._had_gpu or self._suggested >= RENEW_AFTER_TRIALS

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,
        error: bool = False,  # noqa: ARG002 (Tune's signature)
    ) -> None:
        """The trial's hardware is free again."""
        if (result or {}).get(GIVEN_BACK):
            self._queue.give_back()
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
        self._had_gpu = self._had_gpu or (lease is not None and lease.spec.resources.gpu > 0)
        self._suggested += 1
        return warm_up_config() if lease is None else trial_config(lease)
