"""How far a run is and how long it took, kept by the training thread alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from nntracker_ray.training.checkpoint import Place


class Course:
    """Counts epochs, batches, steps and seconds of one run, over all of its attempts.

    Seconds are spent training: those between two attempts are left out.
    """

    def __init__(
        self, place: Place, *, batches: int, total_epochs: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._batches, self._total, self._clock = batches, total_epochs, clock
        self._spent_s, self._epoch_spent_s = place.elapsed_s, place.epoch_s
        self._since = self._epoch_since = clock()
        self.epochs_done, self.batches_done = place.epochs_done, place.batches_done
        self.steps_done = place.steps_done
        self.stopped_early = place.stopped_early
        self.last_capture = place.last_capture
        self.first_non_finite = place.first_non_finite

    @property
    def ended(self) -> bool:
        """Whether no epoch is left to make."""
        return self.stopped_early or self.epochs_done >= self._total

    @property
    def first_epoch(self) -> int:
        """The epoch to begin or go on with, 0-based; behind the last one when the run has ended."""
        return self.epochs_done

    @property
    def end_epoch(self) -> int:
        """The epoch before which training ends, as things stand."""
        return self.epochs_done if self.stopped_early else max(self._total, self.epochs_done)

    def epoch_begins(self) -> None:
        """An epoch begins, or goes on after an interruption."""
        self._epoch_since = self._clock()

    def batch_begins(self, batch: int) -> None:
        """So many batches of the epoch are done: 0 at its start."""
        self.steps_done += batch - self.batches_done
        self.batches_done = batch

    def epoch_ends(self, *, stopped_early: bool) -> float:
        """All batches and the validation are done. Returns seconds of the epoch."""
        self.batch_begins(self._batches)
        seconds = self.epoch_s
        self.epochs_done += 1
        self.batches_done = 0
        self.stopped_early = stopped_early and self.epochs_done < self._total
        self._epoch_spent_s, self._epoch_since = 0.0, self._clock()
        return seconds

    @property
    def epoch_s(self) -> float:
        """Seconds spent in the epoch begun."""
        return self._epoch_spent_s + self._clock() - self._epoch_since

    @property
    def elapsed_s(self) -> float:
        """Seconds spent since the start of the run."""
        return self._spent_s + self._clock() - self._since

    @property
    def place(self) -> Place:
        """Where the run stands now."""
        return Place(
            epochs_done=self.epochs_done,
            batches_done=self.batches_done,
            steps_done=self.steps_done,
            epoch_s=self.epoch_s if self.batches_done else 0.0,
            elapsed_s=self.elapsed_s,
            stopped_early=self.stopped_early,
            last_capture=self.last_capture,
            first_non_finite=self.first_non_finite,
        )
