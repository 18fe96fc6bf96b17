"""One attempt of one run, from its first record to its last. Keras starts here; one thread does it all."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, TypeAlias

import keras

from nntracker_ray.records import JsonValue, RunSpec, WeightArray
from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.callbacks import Conductor, LeanCallbackList, ShortEpoch
from nntracker_ray.training.checkpoint import Checkpoint, Place, read_checkpoint
from nntracker_ray.training.compiling import compiled_model, effective_learning_rate
from nntracker_ray.training.control import Command, LeaveTraining, Mailbox
from nntracker_ray.training.course import Course
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.facts import differences, environment, model_summary
from nntracker_ray.training.keeper import Keeper
from nntracker_ray.training.recorder import GuardedSink, Recorder
from nntracker_ray.training.saver import FLUSH_TIMEOUT_S, Saver
from nntracker_ray.training.schedule import CheckpointSchedule
from nntracker_ray.training.state import copy_layers, restore_state

_log = logging.getLogger(__name__)

Outcome: TypeAlias = Literal["finished", "paused", "stopped"]


class Attempt:
    """Puts together what one attempt needs, going on from a checkpoint if there is one; `run` makes it.

    `model` is the live Keras model, `course` how far it is.

    Raises: CheckpointError: The checkpoint there cannot be used for this run.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        data: TrainingData,
        model_json: str,
        sink: GuardedSink,
        checkpoint: Path,
        mailbox: Mailbox,
        schedule: CheckpointSchedule,
    ) -> None:
        resumed = read_checkpoint(checkpoint, spec=spec)
        place = resumed.place if resumed else Place()
        schedule.covered = place.epochs_done
        self._spec, self._data, self._sink, self._mailbox = spec, data, sink, mailbox
        self._checkpoint, self._place = checkpoint, place
        self.model = compiled_model(spec, model_json)
        if resumed is not None:
            _enter(self.model, resumed, data)
        self._feed = BatchFeed(data.x_train, data.y_train, batch_size=spec.batch_size, seed=spec.seed)
        self.course = Course(place, batches=self._feed.batches, total_epochs=spec.total_epochs)
        self._recorder = Recorder(sink, spec.capture, self.course)
        self._stopper = _early_stopping(spec)
        self._saver = Saver(checkpoint, sink.flush)
        self._environment = environment()
        self._keeper = Keeper(
            spec,
            model=self.model,
            course=self.course,
            saver=self._saver,
            schedule=schedule,
            environment=self._environment,
            stopper=self._stopper,
            resumed=resumed,
        )
        self._recorder.facts(self._facts(resumed))

    @property
    def trouble(self) -> str | None:
        """What is wrong with recording or with checkpoints; None when all is well."""
        return self._sink.trouble or self._saver.trouble

    @property
    def disk_full(self) -> bool:
        """Whether a checkpoint could not be written for want of room."""
        return self._saver.disk_full

    def run(self) -> Outcome:
        """Train until the end or until asked to leave, record everything, leave a checkpoint behind."""
        try:
            self._fit()
        except LeaveTraining as leaving:
            return self._leave(leaving.command)
        finally:
            self._saver.close()
        return self._finish()

    def _fit(self) -> None:
        first, end, data = self.course.first_epoch, self.course.end_epoch, self._data
        validation = None if data.x_val is None else (data.x_val, data.y_val)
        self.model.fit(
            self._feed.dataset,
            initial_epoch=first,
            epochs=end,
            shuffle=False,
            verbose=0,
            validation_data=validation,
            validation_batch_size=self._spec.batch_size,
            callbacks=LeanCallbackList(
                self._callbacks(), add_history=True, model=self.model, epochs=end, steps=self._feed.batches
            ),
        )

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        lacking = self._feed.batches - self._place.batches_done if self._place.batches_done else 0
        conductor = Conductor(
            course=self.course,
            feed=self._feed,
            recorder=self._recorder,
            keeper=self._keeper,
            mailbox=self._mailbox,
            sink=self._sink,
            weights=self._weights,
        )
        return [ShortEpoch(lacking), *([self._stopper] if self._stopper else []), conductor]

    def _leave(self, command: Command) -> Outcome:
        begun = self.course.batches_done > 0
        if command is Command.STOP:
            self._recorder.left_within(self.course.epochs_done - (not begun), self._weights)
        else:
            self._recorder.progress()
        if not self._keeper.save():
            _log.error("run %s goes on later from its older checkpoint: %s", self._spec.run_id, self.trouble)
        return "stopped" if command is Command.STOP else "paused"

    def _finish(self) -> Outcome:
        if self._stopper is not None and self._spec.early_stopping and self._spec.early_stopping.restore_best:
            self._recorder.facts({"restored_epoch": self._stopper.best_epoch})
        self._recorder.facts({"best": self._keeper.best.facts})
        if self._data.x_test is not None:
            self._recorder.tested(self.course.epochs_done - 1, self._tested())
        self._sink.flush(FLUSH_TIMEOUT_S)
        return "finished"

    def _tested(self) -> dict[str, float]:
        logs: dict[str, float] = self.model.evaluate(
            self._data.x_test,
            self._data.y_test,
            batch_size=self._spec.batch_size,
            verbose=0,
            callbacks=LeanCallbackList(model=self.model),
            return_dict=True,
        )
        return logs

    def _weights(self) -> tuple[WeightArray, ...]:
        return copy_layers(self.model, self._spec.capture.layers)

    def _facts(self, resumed: Checkpoint | None) -> dict[str, JsonValue]:
        place = {"epochs_done": self._place.epochs_done, "batches_done": self._place.batches_done}
        changed = differences(resumed.environment, self._environment) if resumed else {}
        came_from = {**place, "changed_environment": changed} if resumed else None
        return {
            "environment": self._environment,
            "model_summary": model_summary(self.model),
            "effective_learning_rate": effective_learning_rate(self.model),
            "checkpoint": {"file": self._checkpoint.name, "resumed_from": came_from},
            **self._data.facts,
        }


def _enter(model: keras.Model, resumed: Checkpoint, data: TrainingData) -> None:
    if resumed.place.batches_done:
        # Running metrics get their variables with the first batch; this one leaves no other trace, because
        # everything is restored after it.
        model.test_on_batch(data.x_train[:1], data.y_train[:1])
        model.reset_metrics()
    restore_state(model, resumed.arrays)


def _early_stopping(spec: RunSpec) -> keras.callbacks.EarlyStopping | None:
    wanted = spec.early_stopping
    if wanted is None:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=wanted.monitor,
        patience=wanted.patience,
        min_delta=wanted.min_delta,
        mode=wanted.mode,
        restore_best_weights=wanted.restore_best,
    )
