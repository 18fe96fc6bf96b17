"""The training of one run as other threads see it: start it, wait for it, ask it to leave."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.errors import ConflictError
from nntracker_ray.records import RunSpec
from nntracker_ray.sinks import RecordSink
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.recorder import GuardedSink
from nntracker_ray.training.schedule import CheckpointSchedule

if TYPE_CHECKING:
    from nntracker_ray.training.attempt import Attempt


@dataclass(frozen=True, slots=True)
class TrainerStatus:
    """How far a training is."""

    epochs_done: int  # complete ones, of all attempts
    steps_done: int  # optimizer updates, of all attempts
    outcome: Literal["finished", "paused", "stopped"] | None  # None: still at work
    trouble: str | None = None  # what is wrong with recording or checkpoints, though training goes on
    disk_full: bool = False  # the newest checkpoint found no room
    ended_early: str = ""  # why it finished before its last epoch, in words
    unsaved: str = ""  # why no checkpoint holds where it ended, in words


class Trainer:
    """One attempt of one run, in a thread of its own. Goes on from its last checkpoint if there is one.

    Equal (spec, data, model) give equal bits on the same kind of CPU, however often the run was interrupted;
    see docs/training.md. Several trainers in one process are made one after the other.

    Args:
        spec: What to train.
        data: From `load_training_data`.
        model_json: The model with the spec's digest, from the model store.
        sink: Takes the records. Its errors suspend recording, never training. Stays open.
        checkpoints: Where those of the run lie, and which are kept.
        mailbox: Where pause and stop arrive.
        schedule: When checkpoints are due; the spec's period by default.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        data: TrainingData,
        model_json: str,
        sink: RecordSink,
        checkpoints: CheckpointFolder,
        mailbox: Mailbox,
        schedule: CheckpointSchedule | None = None,
    ) -> None:
        self._spec, self._data, self._model_json = spec, data, model_json
        self._sink, self._checkpoints, self._mailbox = GuardedSink(sink), checkpoints, mailbox
        self._schedule = schedule or CheckpointSchedule(spec.checkpoint_period)
        self._thread = threading.Thread(target=self._train, name=f"training {spec.name}", daemon=True)
        self._attempt: Attempt | None = None
        self._outcome: Literal["finished", "paused", "stopped"] | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin. Raises: ConflictError: It was started before."""
        if self._thread.ident is not None:
            raise ConflictError("a Trainer is one attempt and starts once; make another for the next attempt")
        self._thread.start()

    def wait(self, timeout_s: float) -> TrainerStatus:
        """Wait for the end, at most so long. Raises: whatever ended the training, as often as asked."""
        self._thread.join(timeout_s)
        if self._error is not None:
            raise self._error
        return self._status()

    def _status(self) -> TrainerStatus:
        attempt = self._attempt
        if attempt is None:
            return TrainerStatus(0, 0, self._outcome, self._sink.trouble)
        course = attempt.course
        return TrainerStatus(
            course.epochs_done,
            course.steps_done,
            self._outcome,
            attempt.trouble,
            attempt.disk_full,
            attempt.ended_early,
            attempt.unsaved,
        )

    def _train(self) -> None:
        try:
            # Imported here: TensorFlow takes seconds, and its threads must be settled before.
            from nntracker_ray.training.attempt import Attempt

            self._attempt = Attempt(
                self._spec,
                data=self._data,
                model_json=self._model_json,
                sink=self._sink,
                checkpoints=self._checkpoints,
                mailbox=self._mailbox,
                schedule=self._schedule,
            )
            self._outcome = self._attempt.run()
        except BaseException as error:
            self._error = error
