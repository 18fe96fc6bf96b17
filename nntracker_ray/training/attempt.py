"""One attempt of one run, from its first record to its last. Keras starts here; one thread does it all."""

from __future__ import annotations

import logging
from typing import Literal, TypeAlias

import keras

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST
from nntracker_ray.records import JsonValue, RunSpec, WeightArray
from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.beginning import Beginning, beginning, enter
from nntracker_ray.training.callbacks import Conductor, LeanCallbackList, ShortEpoch
from nntracker_ray.training.checkpoint import Place
from nntracker_ray.training.compiling import compiled_model
from nntracker_ray.training.control import Command, LeaveTraining, Mailbox
from nntracker_ray.training.copies import Copies
from nntracker_ray.training.course import Course
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.early_leave import LeaveTest, LeaveValidation
from nntracker_ray.training.elsewhere import Elsewhere
from nntracker_ray.training.facts import differences, environment, model_summary
from nntracker_ray.training.inside_setup import inside_of
from nntracker_ray.training.keeper import Keeper
from nntracker_ray.training.learning_rate import LearningRate
from nntracker_ray.training.recorder import GuardedSink, Recorder
from nntracker_ray.training.saver import FLUSH_TIMEOUT_S, Saver
from nntracker_ray.training.schedule import CheckpointSchedule
from nntracker_ray.training.stopping import early_stopping

_log = logging.getLogger(__name__)

Outcome: TypeAlias = Literal["finished", "paused", "stopped"]


class Attempt:
    """Puts together what one attempt needs, going on from a checkpoint if there is one; `run` makes it.

    `model` is the live Keras model, `course` how far it is; `unsaved` says afterwards why no checkpoint holds its end.

    Raises: CheckpointError: The checkpoint there cannot be used for this run.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        data: TrainingData,
        model_json: str,
        sink: GuardedSink,
        checkpoints: CheckpointFolder,
        mailbox: Mailbox,
        schedule: CheckpointSchedule,
    ) -> None:
        self.unsaved = ""
        self._elsewhere = Elsewhere(spec, checkpoints, sink, unwanted=mailbox.asked)
        start = beginning(spec, checkpoints)
        schedule.covered = start.place.epochs_done
        self._spec, self._data, self._sink, self._mailbox = spec, data, sink, mailbox
        self._place = start.place
        self.model = compiled_model(spec, model_json)
        forked = enter(self.model, start, data)
        self._copies = Copies(self.model)
        self._feed = BatchFeed(data.x_train, data.y_train, batch_size=spec.batch_size, seed=spec.seed)
        self.course = Course(start.place, batches=self._feed.batches, total_epochs=spec.total_epochs)
        self._recorder = Recorder(sink, spec.capture, self.course)
        self._inside = inside_of(
            spec,
            model=self.model,
            model_json=model_json,
            data=data,
            course=self.course,
            feed=self._feed,
            sink=sink,
            recorder=self._recorder,
            resumed=start.checkpoint,
        )
        self._stopper = early_stopping(spec)
        self._learning_rate = LearningRate(
            spec,
            model=self.model,
            course=self.course,
            recorder=self._recorder,
            remembered=start.checkpoint.callbacks.get("learning_rate") if start.checkpoint else None,
            forked=start.forked_from is not None,
        )
        self._saver = Saver(checkpoints, sink.flush, stored=self._elsewhere.offer)
        self._elsewhere.offer()
        self._environment = environment()
        self._keeper = Keeper(
            spec,
            model=self.model,
            copies=self._copies,
            course=self.course,
            saver=self._saver,
            schedule=schedule,
            environment=self._environment,
            stopper=self._stopper,
            learning_rate=self._learning_rate,
            resumed=start.checkpoint,
            run_no=checkpoints.run_no,
            inside=self._inside.memory,
        )
        _tell_beginning(start.place, resumed=start.checkpoint is not None)
        self._recorder.facts(self._facts(start, forked) | self._keeper.take_news())

    @property
    def trouble(self) -> str | None:
        """What is wrong with recording or with checkpoints; None when all is well."""
        return self._sink.trouble or self._saver.trouble or self.unsaved or self._elsewhere.trouble

    @property
    def disk_full(self) -> bool:
        """Whether the newest checkpoint found no room."""
        return self._saver.disk_full

    @property
    def ended_early(self) -> str:
        """Why the run has ended before its last epoch, in words; "" where it has not."""
        wanted = self._spec.early_stopping
        if wanted is None or not self.course.stopped_early:
            return ""
        made = f"ended after {self.course.epochs_done} of {self._spec.total_epochs} epochs"
        waited = f"{wanted.patience} epoch{'' if wanted.patience == 1 else 's'}"
        return f"early stopping: {wanted.monitor} has not improved for {waited}; {made}"

    def run(self) -> Outcome:
        """Train until the end or until asked to leave, record everything, leave a checkpoint behind."""
        try:
            self._fit()
        except LeaveTraining as leaving:
            return self._leave(leaving.command)
        finally:
            self._inside.close()
            self._saver.close()
            self._copies.close()
            self._elsewhere.close()
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
                self._callbacks(),
                add_history=True,
                model=self.model,
                epochs=end,
                steps=self._feed.batches,
                batch_ended=self._inside.after_batch if self._spec.introspection else None,
            ),
        )

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        lacking = self._feed.batches - self._place.batches_done if self._place.batches_done else 0
        conductor = Conductor(
            course=self.course,
            feed=self._feed,
            recorder=self._recorder,
            keeper=self._keeper,
            learning_rate=self._learning_rate,
            mailbox=self._mailbox,
            sink=self._sink,
            weights=self._weights,
            inside=self._inside,
        )
        leave = LeaveValidation(self.course, batches=self._feed.batches, mailbox=self._mailbox)
        return [ShortEpoch(lacking), *([self._stopper] if self._stopper else []), conductor, leave]

    def _leave(self, command: Command) -> Outcome:
        begun = self.course.batches_done > 0
        if command is Command.STOP and self.course.steps_done:
            self._recorder.left_within(self.course.epochs_done - (not begun), self._weights)
        else:
            self._recorder.progress()
        if not self._keeper.save(pausing=command is Command.PAUSE):
            _log.error("run %s goes on later from its older checkpoint: %s", self._spec.run_id, self.trouble)
        self._tell_saved()
        return "stopped" if command is Command.STOP else "paused"

    def _tell_saved(self) -> None:
        self.unsaved = self._saver.trouble or ""
        if failed := self._keeper.take_trouble():
            self._recorder.facts({"checkpoint_trouble": failed})
        self._recorder.facts(self._keeper.take_news())

    def _finish(self) -> Outcome:
        self._tell_saved()
        if self._stopper is not None and self._stopper.best_weights is not None:
            self._recorder.facts({"restored_epoch": self._stopper.best_epoch})
        self._recorder.facts({"best": self._keeper.best.facts})
        if self._data.x_test is not None:
            try:
                self._recorder.tested(self.course.epochs_done - 1, self._tested())
                _log.info("evaluated on the test set")
            except LeaveTraining as leaving:  # the checkpoint of the last epoch is where it goes on
                return "stopped" if leaving.command is Command.STOP else "paused"
        self._sink.flush(FLUSH_TIMEOUT_S)
        return "finished"

    def _tested(self) -> dict[str, float]:
        logs: dict[str, float] = self.model.evaluate(
            self._data.x_test,
            self._data.y_test,
            batch_size=self._spec.batch_size,
            verbose=0,
            callbacks=LeanCallbackList([LeaveTest(self._mailbox)], model=self.model),
            return_dict=True,
        )
        return logs

    def _weights(self) -> tuple[WeightArray, ...]:
        return self._copies.layers(self._spec.capture.layers)

    def _facts(self, start: Beginning, forked: dict[str, JsonValue]) -> dict[str, JsonValue]:
        place = {"epochs_done": self._place.epochs_done, "batches_done": self._place.batches_done}
        came_from: dict[str, JsonValue] = {"resumed_from": None}
        if start.checkpoint is not None:
            changed = differences(start.checkpoint.environment, self._environment)
            came_from = {"resumed_from": {**place, "changed_environment": changed}}
        facts: dict[str, JsonValue] = {
            "environment": self._environment,
            "model_summary": model_summary(self.model),
            "checkpoint": {"file": f"{LAST}.ckpt", **came_from},
            **self._data.facts,
        }
        if forked:
            facts["forked_from"] = forked | place | {"steps_done": self._place.steps_done}
        if start.checkpoint is None or forked:
            # In force at the beginning; a run that goes on has what its schedule has made of it.
            facts["effective_learning_rate"] = self._learning_rate.initial
        return facts


def _tell_beginning(place: Place, *, resumed: bool) -> None:
    if resumed:
        where = (
            f"epoch {place.epochs_done}, batch {place.batches_done} (both 0-based), step {place.steps_done}"
        )
        _log.info("goes on at %s", where)
    else:
        _log.info("begins to train")
