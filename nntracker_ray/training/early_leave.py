"""Leaving within a long validation or test: between two of their batches, as in training."""

from __future__ import annotations

import time
from typing import Any, Final

import keras
from numpy.typing import NDArray

from nntracker_ray.training.control import Command, LeaveTraining, Mailbox
from nntracker_ray.training.course import Course
from nntracker_ray.training.state import copy_of, restore_metrics, restore_state, sections

# A shorter validation is waited for: copying a model before each would cost more than it is worth.
WAITED_FOR_S: Final = 2.0

Logs = dict[str, Any] | None


class LeaveValidation(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Obeys the mailbox within a validation, by going back to just before the last batch of the epoch.

    There the run stands between two batches of training, which is where it can go on from bit for bit: the
    last batch and the validation are made again. An epoch of one batch has no such place. The copy for that
    is taken in the first epoch of an attempt, and later only if the validation before took more than 2 s. Comes
    behind the conductor, which counts.
    """

    def __init__(self, course: Course, *, batches: int, mailbox: Mailbox) -> None:
        super().__init__()
        self._course, self._batches, self._mailbox = course, batches, mailbox
        self._took_s: float | None = None  # the last validation
        self._began_s = 0.0
        self._before: dict[str, NDArray[Any]] | None = None

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Before the last batch keep what can be gone back to."""
        is_last = 0 < self._course.batches_done == self._batches - 1
        if is_last and (self._took_s is None or self._took_s > WAITED_FOR_S):
            self._before = _copy(self.model)

    def on_test_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """The validation begins."""
        self._began_s = time.perf_counter()

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Between two batches of the validation: obey."""
        if self._before is not None and self._mailbox.is_asked:
            restore_state(self.model, self._before)
            restore_metrics(self.model, self._before)
            raise LeaveTraining(self._mailbox.wish or Command.PAUSE)

    def on_test_end(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """The validation was made; nothing to go back for."""
        self._took_s = time.perf_counter() - self._began_s
        self._before = None


def _copy(model: keras.Model) -> dict[str, NDArray[Any]]:
    return {
        f"{section}/{place}": copy_of(variable)
        for section, variables in sections(model, with_metrics=True).items()
        for place, variable in enumerate(variables)
    }


class LeaveTest(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Obeys the mailbox within the test evaluation, which is made again when the run goes on."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__()
        self._mailbox = mailbox

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras')
        """Between two batches."""
        if self._mailbox.is_asked:
            raise LeaveTraining(self._mailbox.wish or Command.PAUSE)
