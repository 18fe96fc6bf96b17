"""The learning rate of a run: set at the first batch of each epoch, each effective change recorded once."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from nntracker_ray.records import JsonValue, LearningRateSchedule, RunSpec
from nntracker_ray.schedules import ScheduleMemory, cause_of, rate_of_epoch, watch_epoch
from nntracker_ray.training.best import higher_is_better
from nntracker_ray.training.compiling import effective_learning_rate
from nntracker_ray.training.course import Course
from nntracker_ray.training.recorder import Recorder

_log = logging.getLogger(__name__)
_FORKED = "fork: as its own settings say"


class LearningRate:
    """Follows the schedule of a run, over all of its attempts.

    A rate is set after whatever could end the training or write a checkpoint at the same step. So a checkpoint of
    step s knows nothing of a change at step s, and who goes on from it makes that change again.

    `initial` is the rate that was asked for.

    Args:
        remembered: `memory` of the checkpoint that the attempt goes on from; None without one.
        forked: The checkpoint is a parent's, and the optimizer has the fork's own learning rate.
    """

    def __init__(
        self,
        spec: RunSpec,
        *,
        model: keras.Model,
        course: Course,
        recorder: Recorder,
        remembered: JsonValue = None,
        forked: bool = False,
    ) -> None:
        self._schedule, self._model = spec.schedule, model
        self._course, self._recorder = course, recorder
        self._rule = _rule(spec.schedule)
        self.initial = effective_learning_rate(model)
        self._memory = ScheduleMemory()
        self._up: bool | None = None
        self._forked = forked  # the rate in force is the parent's, and this run asks for another
        if remembered is not None:
            self._go_on(remembered)
        if spec.schedule is not None or spec.origin is not None:
            # Tells later which changes of older attempts were left behind; see docs/schedules.md.
            place = {"epochs_done": course.epochs_done, "batches_done": course.batches_done}
            recorder.facts({f"began_at_step_{course.steps_done}": place})

    @property
    def measured(self) -> dict[str, float]:
        """The rate of the epoch as a metric, where there is a schedule."""
        return {"learning_rate": effective_learning_rate(self._model)} if self._schedule else {}

    @property
    def memory(self) -> JsonValue:
        """What an attempt that goes on from this moment needs to know."""
        rates = {"rate": effective_learning_rate(self._model), "initial": self.initial}
        return {**rates, "rule": self._rule, "memory": self._memory.to_json(), "forked": self._forked}

    def first_batch(self) -> None:
        """Set the rate of the epoch that begins; nothing where an epoch that was broken off goes on."""
        if self._course.batches_done and not self._forked:
            return
        cause = _FORKED if self._forked or self._schedule is None else cause_of(self._schedule)
        try:
            self._change(self._wanted(), cause)
        except LookupError as missing:
            self._tell_once(f"{missing} was not measured in the epoch before")
        self._forked = False

    def epoch_ended(self, logs: Mapping[str, float]) -> None:
        """Take note of a complete epoch, before a checkpoint covers it."""
        if self._schedule is None:
            return
        try:
            watch_epoch(
                self._schedule, self._memory, logs, rate=float(self._held()), up=self._is_up(self._schedule)
            )
        except LookupError as missing:
            self._tell_once(f"{missing} is not measured")

    def _go_on(self, remembered: Mapping[str, Any]) -> None:
        if not self._forked:
            self.initial = remembered["initial"]
        goes_on = (remembered["rule"], remembered["initial"]) == (self._rule, self.initial)
        if goes_on:
            self._memory = ScheduleMemory(**remembered["memory"])
        # Also where a fork was left before its first batch.
        self._forked = (self._forked and not goes_on) or remembered.get("forked", False)
        # A fork begins with the rate that its parent had, so that what differs is a change like any other.
        self._model.optimizer.learning_rate = remembered["rate"]

    def _wanted(self) -> float:
        # To a fork the rate that its parent had come to says nothing: it begins with the one that it asks for.
        rate = self.initial if self._forked else float(self._held())
        if self._schedule is None:
            return self.initial
        epoch = self._course.epochs_done
        return rate_of_epoch(self._schedule, self._memory, epoch=epoch, initial=self.initial, rate=rate)

    def _change(self, wanted: float, cause: str) -> None:
        held = self._held()
        with np.errstate(over="ignore", under="ignore"):
            new = held.dtype.type(wanted)
        if not (math.isfinite(new) and new > 0):
            self._tell_once(f"the schedule gave {wanted:g}")
        elif new != held:
            self._model.optimizer.learning_rate = float(new)
            # As the shortest decimals that give their bits: 0.1, not 0.10000000149.
            old, now = float(str(held)), float(str(new))
            self._recorder.adapted("learning_rate", old=old, new=now, cause=cause)

    def _tell_once(self, why: str) -> None:
        if not self._memory.trouble_told:
            self._memory.trouble_told = True
            _log.warning("the learning rate stays at %s: %s", self._held(), why)
            trouble = {"epoch": self._course.epochs_done, "why": f"the learning rate stays: {why}"}
            self._recorder.facts({"learning_rate_trouble": trouble})

    def _held(self) -> Any:
        """The rate in the optimizer, a NumPy number of its own dtype."""
        return keras.ops.convert_to_numpy(self._model.optimizer.learning_rate)[()]

    def _is_up(self, schedule: LearningRateSchedule) -> bool:
        if self._up is None:
            conf = schedule.conf
            self._up = schedule.kind == "plateau" and more_is_better(
                self._model, conf["monitor"], conf["mode"]
            )
        return self._up


def more_is_better(model: keras.Model, monitor: str, mode: str) -> bool:
    """Which way a metric of a model that has trained an epoch is better; as Keras says, else by its name."""
    probe = keras.callbacks.ReduceLROnPlateau(monitor=monitor, mode=mode)
    probe.set_model(model)
    try:
        probe._set_monitor_op()  # Keras offers it in no other way
    except ValueError:
        return higher_is_better(monitor, mode)
    return bool(probe.monitor_op is keras.ops.greater)


def _rule(schedule: LearningRateSchedule | None) -> JsonValue:
    return None if schedule is None else {"kind": schedule.kind, "conf": schedule.conf}
