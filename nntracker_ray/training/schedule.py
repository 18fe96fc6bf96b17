"""When things are due: captures by epoch, checkpoints by epoch and by what they cost. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


def capture_is_due(epoch: int, *, period: int, last: bool) -> bool:
    """Whether the weights are kept at the end of an epoch: 0, p, 2p, ... and always the last one.

    Args:
        epoch: 0-based.
        period: p, >= 1.
        last: The run ends with this epoch, be it the planned end or an early stop.
    """
    return last or epoch % period == 0


def capture_epochs(total_epochs: int, *, period: int) -> Iterator[int]:
    """The epochs captured by a run that makes all of its epochs, ascending."""
    last = total_epochs - 1
    return (e for e in range(total_epochs) if capture_is_due(e, period=period, last=e == last))


@dataclass(slots=True)
class CheckpointSchedule:
    """Every `period` epochs, but never more than `share` of the time: an epoch may take a millisecond.

    A killed run repeats at most what was trained since its last checkpoint, so writing more often than a
    checkpoint is worth costs more than it saves. Time is given by the caller, in seconds of any clock that
    only grows.
    """

    period: int  # epochs, >= 1
    share: float = 0.01  # of the time may be spent on checkpoints; 1.0 writes at every period
    in_epoch_s: float = 120.0  # a longer epoch is also checkpointed in its midst, this often
    covered: int = 0  # epochs in the last checkpoint
    _not_before_s: float = 0.0
    _last_s: float | None = None

    def is_due(self, *, epochs_done: int, now_s: float) -> bool:
        """Whether a checkpoint is due at the end of an epoch."""
        return epochs_done - self.covered >= self.period and now_s >= self._not_before_s

    def is_due_within(self, *, now_s: float) -> bool:
        """Whether a checkpoint is due in the midst of an epoch."""
        if self._last_s is None:
            self._last_s = now_s
        return now_s - self._last_s >= self.in_epoch_s and now_s >= self._not_before_s

    def written(self, *, covers: int, now_s: float, took_s: float) -> None:
        """Take note of a checkpoint over so many epochs that was written (or failed) and took so long."""
        self.covered = covers
        self._last_s = now_s
        self._not_before_s = now_s + took_s * (1.0 / self.share - 1.0)
