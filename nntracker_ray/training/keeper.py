"""Takes checkpoints of a model in training and gives them back: what, when; how is the saver's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.records import JsonValue, RunSpec
from nntracker_ray.training.best import BestModel
from nntracker_ray.training.checkpoint import Checkpoint, spec_digest
from nntracker_ray.training.course import Course
from nntracker_ray.training.saver import Saver
from nntracker_ray.training.schedule import CheckpointSchedule
from nntracker_ray.training.state import copy_state, restore_metrics

_BEST = "early_stopping/"


class Keeper:
    """Copies the state of a run when a checkpoint is due, on the training thread, and lets the saver write it."""

    def __init__(
        self,
        spec: RunSpec,
        *,
        model: keras.Model,
        course: Course,
        saver: Saver,
        schedule: CheckpointSchedule,
        environment: Mapping[str, JsonValue],
        stopper: keras.callbacks.EarlyStopping | None,
        resumed: Checkpoint | None,
    ) -> None:
        self._spec, self._digest, self._environment = spec, spec_digest(spec), dict(environment)
        self._model, self._course, self._saver, self._schedule = model, course, saver, schedule
        self._stopper, self._resumed = stopper, resumed
        self.best = BestModel((resumed.callbacks.get("best") or None) if resumed else None)
        self._awaited: int | None = None  # epochs covered by the checkpoint being written

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
        if self._schedule.is_due_within(now_s=now_s) and self._saver.idle:
            self._begin()
        self._note(now_s)

    def after_epoch(self, epoch: int, logs: Mapping[str, float], *, now_s: float) -> None:
        """Write a checkpoint if one is due; the one that ends the run is waited for."""
        self.best.offer(epoch, logs, self._model)
        self._note(now_s)
        if self._course.ended:
            self.save()
        elif self._saver.idle and self._schedule.is_due(epochs_done=self._course.epochs_done, now_s=now_s):
            self._begin()

    def save(self) -> bool:
        """Write a checkpoint of this very moment and wait for it. Returns whether it is in place."""
        return self._saver.save(self._checkpoint(), self.best.take())

    def take_trouble(self) -> str | None:
        """Why the last checkpoint could not be written, told once."""
        if not self._saver.idle:
            return None
        trouble, self._saver.trouble = self._saver.trouble, None
        return trouble

    def _begin(self) -> None:
        self._saver.begin(self._checkpoint(), self.best.take())
        self._awaited = self._course.epochs_done

    def _note(self, now_s: float) -> None:
        if self._awaited is not None and self._saver.idle:
            self._schedule.written(covers=self._awaited, now_s=now_s, took_s=self._saver.took_s)
            self._awaited = None

    def _checkpoint(self) -> Checkpoint:
        place = self._course.place
        arrays = copy_state(self._model, with_metrics=place.batches_done > 0)
        return Checkpoint(
            run_id=self._spec.run_id,
            spec_digest=self._digest,
            place=place,
            arrays=arrays | _best_arrays(self._stopper),
            callbacks={"best": self.best.facts, "early_stopping": _memory(self._stopper)},
            environment=self._environment,
        )


def _memory(stopper: keras.callbacks.EarlyStopping | None) -> dict[str, JsonValue] | None:
    if stopper is None:
        return None
    best = None if stopper.best is None else float(stopper.best)
    counts = {name: int(getattr(stopper, name, 0)) for name in ("wait", "stopped_epoch", "best_epoch")}
    return {**counts, "best": best}


def _best_arrays(stopper: keras.callbacks.EarlyStopping | None) -> dict[str, NDArray[Any]]:
    weights = None if stopper is None else stopper.best_weights
    return {f"{_BEST}{place}": np.array(array) for place, array in enumerate(weights or ())}


def _best_weights(arrays: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]] | None:
    count = sum(name.startswith(_BEST) for name in arrays)
    return [arrays[f"{_BEST}{place}"] for place in range(count)] or None
