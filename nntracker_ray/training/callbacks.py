"""The hooks through which a run is steered and observed while Keras' `fit()` has the word."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from nntracker_ray.errors import StaleAttemptError
from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.control import LeaveTraining, Mailbox
from nntracker_ray.training.course import Course
from nntracker_ray.training.inside import Inside
from nntracker_ray.training.keeper import Keeper
from nntracker_ray.training.learning_rate import LearningRate
from nntracker_ray.training.recorder import GuardedSink, Recorder, Weights

Logs = dict[str, Any] | None


class LeanCallbackList(keras.callbacks.CallbackList):  # type: ignore[misc]  # Keras is untyped
    """Keras' list without its work per batch.

    Keras hands the results of every batch to a thread pool, or turns each into Python numbers, for callbacks
    that look at them. Ours look at epochs, and at batches only before they begin.

    Args:
        batch_ended: Called after each batch of the training.
    """

    def __init__(self, *args: Any, batch_ended: Callable[[], None] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batch_ended = batch_ended

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Tell each callback that a batch begins."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Tell the one who asked."""
        if self._batch_ended is not None:
            self._batch_ended()

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Tell each callback that a batch of a validation or test begins."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Tell nobody."""


class ShortEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Ends the first epoch of a resumed run after the batches it lacked; comes before EarlyStopping.

    Keras has one number of batches for all epochs. Asked to stop before the last batch, it makes that batch,
    validates and closes the epoch as always; there the request is taken back.
    """

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Before the last batch ask for the end."""
        if batch + 1 == self._left:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Take the request back; later epochs are whole."""
        if self._left:
            self._left = 0
            self.model.stop_training = False


class Conductor(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Keeps the course, hands epochs to the recorder and the keeper, and obeys the mailbox; comes last."""

    def __init__(
        self,
        *,
        course: Course,
        feed: BatchFeed,
        recorder: Recorder,
        keeper: Keeper,
        learning_rate: LearningRate,
        mailbox: Mailbox,
        sink: GuardedSink,
        weights: Weights,
        inside: Inside,
    ) -> None:
        super().__init__()
        self._course, self._feed, self._recorder, self._keeper = course, feed, recorder, keeper
        self._mailbox, self._sink, self._weights = mailbox, sink, weights
        self._rate, self._inside = learning_rate, inside
        self._skipped = 0

    def on_train_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Give the other callbacks their state back, which they have just reset."""
        self._keeper.restore_callbacks()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Set the order of the epoch; give the running metrics back, which Keras has just reset."""
        self._skipped = self._course.batches_done
        self._feed.enter(epoch, batches_done=self._skipped)
        self._course.epoch_begins()
        self._keeper.restore_metrics()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Between two batches: count, obey, and write a checkpoint when an epoch takes very long."""
        self._course.batch_begins(self._skipped + batch)
        self._obey()
        self._keeper.within_epoch(now_s=time.monotonic())
        if batch == 0:
            # Behind all that could leave or save: see LearningRate.
            self._rate.first_batch()
        self._inside.before_batch()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Record the epoch, then let a checkpoint cover it, then obey."""
        # Before the epoch is counted: an epoch that people see is a complete one.
        self._inside.settle()
        seconds = self._course.epoch_ends(stopped_early=self.model.stop_training)
        self._rate.epoch_ended(logs or {})
        self._record(epoch, {**(logs or {}), **self._rate.measured}, seconds)
        self._keeper.after_epoch(epoch, logs or {}, now_s=time.monotonic())
        if not self._course.ended:
            self._obey()

    def _record(self, epoch: int, logs: Mapping[str, float], seconds: float) -> None:
        if failed := self._keeper.take_trouble():
            self._recorder.facts({"checkpoint_trouble": failed})
        self._recorder.facts(self._keeper.take_news())
        self._recorder.epoch_ended(epoch, logs, seconds=seconds, weights=self._weights)

    def _obey(self) -> None:
        if self._mailbox.wish is not None:
            raise LeaveTraining(self._mailbox.wish)
        if self._sink.stale:
            raise StaleAttemptError("a newer attempt trains this run; this one ends without a checkpoint")
