"""Takes checkpoints of a model in training and gives them back: what, when; how is the saver's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.checkpoints.info import BEST, FACT, CheckpointInfo, epoch_name, infos_as_fact, pause_name
from nntracker_ray.records import JsonValue, RunSpec, to_json
from nntracker_ray.training.best import BestModel
from nntracker_ray.training.checkpoint import Checkpoint, epoch_digest, spec_digest
from nntracker_ray.training.copies import Copies
from nntracker_ray.training.course import Course
from nntracker_ray.training.inside_memory import CALLBACK as INSIDE
from nntracker_ray.training.inside_memory import NOTHING, InsideMemory
from nntracker_ray.training.learning_rate import LearningRate
from nntracker_ray.training.saver import Keeping, Saver
from nntracker_ray.training.schedule import CheckpointSchedule
from nntracker_ray.training.state import restore_metrics

_BEST_ARRAYS = "early_stopping/"


class Keeper:
    """Copies the state of a run when a checkpoint is due, on the training thread, and lets the saver write it."""

    def __init__(
        self,
        spec: RunSpec,
        *,
        model: keras.Model,
        copies: Copies,
        course: Course,
        saver: Saver,
        schedule: CheckpointSchedule,
        environment: Mapping[str, JsonValue],
        stopper: keras.callbacks.EarlyStopping | None,
        learning_rate: LearningRate,
        resumed: Checkpoint | None,
        run_no: int | None,
        inside: Callable[[], InsideMemory] = lambda: NOTHING,
    ) -> None:
        self._run_no, self._inside = run_no, inside
        self._spec, self._digests = spec, (spec_digest(spec), epoch_digest(spec))
        self._configuration: dict[str, JsonValue] = json.loads(to_json(spec.configuration))
        self._model, self._copies, self._environment = model, copies, dict(environment)
        self._course, self._saver, self._schedule = course, saver, schedule
        self._stopper, self._rate, self._resumed = stopper, learning_rate, resumed
        memory = resumed.callbacks if resumed else {}
        self.best = BestModel(spec.checkpoints, memory.get("best"))
        self.best.monitored = memory.get("monitored")
        self._awaited: int | None = None  # epochs covered by the checkpoint being written
        self._told: list[CheckpointInfo] | None = None

    def restore_callbacks(self) -> None:
        """Give EarlyStopping its memory back."""
        if self._resumed is None or self._stopper is None:
            return
        for name, value in (self._resumed.callbacks.get("early_stopping") or {}).items():
            setattr(self._stopper, name, value)
        self._stopper.best_weights = _best_weights(self._resumed.arrays)

    def restore_metrics(self) -> None:
        """Give the running metrics back, once: at the start of the epoch that was broken off."""
        if self._resumed is not None:
            restore_metrics(self._model, self._resumed.arrays)
            self._resumed = None

    def within_epoch(self, *, now_s: float) -> None:
        """Write a checkpoint if the epoch has been long."""
        self._note(now_s)
        if self._schedule.is_due_within(now_s=now_s) and self._saver.idle:
            self._begin(self._checkpoint())

    def after_epoch(self, epoch: int, logs: Mapping[str, float], *, now_s: float) -> None:
        """Write a checkpoint if one is due; the one that ends the run is waited for."""
        improved = self.best.offer(epoch, logs)
        self._note(now_s)
        names = self._kept_names()
        due = self._saver.idle and self._schedule.is_due(epochs_done=self._course.epochs_done, now_s=now_s)
        if improved or names or due or self._course.ended:
            moment = self._checkpoint()
            if improved:
                self.best.hold(moment)
            if self._course.ended:
                self._saver.save(self._keeping(moment, names))
            elif names or due:
                # One that is asked for by its epoch is written whatever it costs, but never two wait.
                self._saver.wait()
                self._begin(moment, names)
        self._copies.forget()

    def save(self, *, pausing: bool = False) -> bool:
        """Write a checkpoint of this very moment and wait for it. Returns whether it is in place."""
        names = (pause_name(self._course.steps_done),) if pausing and self._spec.checkpoints.at_pause else ()
        return self._saver.save(self._keeping(self._checkpoint(), names))

    def take_trouble(self) -> str | None:
        """Why the last checkpoint could not be written, or none can be the best; told once."""
        if not self._saver.idle:
            return None
        trouble, self._saver.trouble = self._saver.trouble, None
        return trouble or self.best.take_trouble()

    def take_news(self) -> dict[str, JsonValue]:
        """The fact that lists the checkpoints on the disk, when that has changed since it was taken."""
        infos = self._saver.infos
        if infos == self._told:
            return {}
        self._told = infos
        return {FACT: infos_as_fact(infos)}

    def _begin(self, moment: Checkpoint, names: tuple[str, ...] = ()) -> None:
        self._saver.begin(self._keeping(moment, names))
        self._awaited = self._course.epochs_done

    def _note(self, now_s: float) -> None:
        if self._awaited is not None and self._saver.idle:
            self._schedule.written(covers=self._awaited, now_s=now_s, took_s=self._saver.took_s)
            self._awaited = None

    def _kept_names(self) -> tuple[str, ...]:
        every, done = self._spec.checkpoints.every, self._course.epochs_done
        return (epoch_name(done - 1),) if every and done % every == 0 else ()

    def _keeping(self, moment: Checkpoint, names: tuple[str, ...]) -> Keeping:
        best = self.best.take()
        # One file under both names, where the best moment is this one.
        return Keeping(moment, (*names, BEST)) if best is moment else Keeping(moment, names, best)

    def _checkpoint(self) -> Checkpoint:
        # First, since it may take its time: the moment is the one after it.
        inside = self._inside()
        place = self._course.place
        beside = {**_best_arrays(self._stopper), **inside.arrays}
        arrays = self._copies.state(with_metrics=place.batches_done > 0, beside=beside)
        memory = {
            "best": self.best.facts,
            "monitored": self.best.monitored,
            "learning_rate": self._rate.memory,
        } | ({INSIDE: inside.facts} if inside.facts else {})
        return Checkpoint(
            run_id=self._spec.run_id,
            run_no=self._run_no,
            spec_digest=self._digests[0],
            place=place,
            arrays=arrays,
            callbacks={**memory, "early_stopping": _memory(self._stopper)},
            environment=self._environment,
            weights=self._copies.weight_names,
            configuration=self._configuration,
            total_epochs=self._spec.total_epochs,
            epoch_digest=self._digests[1],
            created_at=datetime.now(UTC).isoformat(),
        )


def _memory(stopper: keras.callbacks.EarlyStopping | None) -> dict[str, JsonValue] | None:
    if stopper is None:
        return None
    best = None if stopper.best is None else float(stopper.best)
    counts = {name: int(getattr(stopper, name, 0)) for name in ("wait", "stopped_epoch", "best_epoch")}
    return {**counts, "best": best}


def _best_arrays(stopper: keras.callbacks.EarlyStopping | None) -> dict[str, NDArray[Any]]:
    weights = None if stopper is None else stopper.best_weights
    return {f"{_BEST_ARRAYS}{place}": np.asarray(array) for place, array in enumerate(weights or ())}


def _best_weights(arrays: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]] | None:
    count = sum(name.startswith(_BEST_ARRAYS) for name in arrays)
    return [arrays[f"{_BEST_ARRAYS}{place}"] for place in range(count)] or None
