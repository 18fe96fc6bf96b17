"""What training reports: metrics, captures, facts, progress, each epoch's in one go and in this order."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from nntracker_ray.records import (
    Adaptation,
    Capture,
    CaptureSpec,
    JsonValue,
    MetricPoint,
    Progress,
    Record,
    RunFact,
    WeightArray,
)
from nntracker_ray.sinks import RecordSink
from nntracker_ray.training.course import Course
from nntracker_ray.training.schedule import capture_is_due

_log = logging.getLogger(__name__)

Weights: TypeAlias = Callable[[], tuple[WeightArray, ...]]


class GuardedSink:
    """A sink that cannot hurt the training: the first error suspends it, and is kept for people to read."""

    def __init__(self, sink: RecordSink) -> None:
        self._sink = sink
        self.trouble: str | None = None

    def record(self, *records: Record) -> None:
        """Hand the records on; nothing is raised and nothing is handed on after an error."""
        if self.trouble is not None:
            return
        try:
            self._sink.record(*records)
        except Exception as error:
            self.suspend(f"the sink failed: {error!r}")

    def flush(self, timeout_s: float) -> bool:
        """Whether everything recorded so far survives a kill; False when suspended."""
        if self.trouble is not None:
            return False
        try:
            return self._sink.flush(timeout_s)
        except Exception:
            _log.exception("the sink could not be flushed")
            return False

    def drain(self, timeout_s: float) -> bool:
        """Whether everything recorded so far is acknowledged; False when suspended."""
        if self.trouble is not None:
            return False
        try:
            return self._sink.drain(timeout_s)
        except Exception:
            _log.exception("the sink could not be drained")
            return False

    @property
    def stale(self) -> bool:
        """Whether a newer attempt of the run exists."""
        try:
            return self.trouble is None and self._sink.stale
        except Exception as error:
            self.suspend(f"the sink failed: {error!r}")
            return False

    def suspend(self, why: str) -> None:
        """Record nothing more: a gap at the end of the data is seen, one in its midst is not."""
        self.trouble = why
        _log.error("recording is suspended, training goes on: %s", why, exc_info=True)


class Recorder:
    """Turns what Keras reports into records. What fails here suspends recording, never training."""

    def __init__(self, sink: GuardedSink, capture: CaptureSpec, course: Course) -> None:
        self._sink, self._capture, self._course = sink, capture, course

    def facts(self, facts: Mapping[str, JsonValue]) -> None:
        """Record facts about the run as a whole."""
        self._sink.record(*(RunFact(key, value) for key, value in facts.items()))

    def adapted(self, parameter: str, *, old: float, new: float, cause: str) -> None:
        """Record that a value which governs the training changes with the update that comes next."""
        place = self._course.epochs_done, self._course.steps_done
        self._sink.record(Adaptation(parameter, *place, old, new, cause, _now()))

    def epoch_ended(self, epoch: int, logs: Mapping[str, float], *, seconds: float, weights: Weights) -> None:
        """Record a complete epoch; the course has counted it already.

        Args:
            epoch: 0-based.
            logs: Keras' own: metrics of the epoch by name, `val_` included.
            seconds: Duration of the epoch with its validation.
            weights: Copies the weights; called only when a capture is due.
        """
        try:
            measured = {**logs, "epoch_time": seconds, "elapsed_time": self._course.elapsed_s}
            self._sink.record(*self._points(epoch, measured), *self._non_finite(epoch, logs))
            if capture_is_due(epoch, period=self._capture.epoch_period, last=self._course.ended):
                self.capture(epoch, weights)
            self.progress()
        except Exception as error:
            self._sink.suspend(f"epoch {epoch} could not be recorded: {error!r}")

    def left_within(self, epoch: int, weights: Weights) -> None:
        """Record where a run was stopped: a last capture, unless this very moment is captured already.

        Args:
            epoch: The epoch begun, or the last complete one when none is begun.
        """
        try:
            if self._course.batches_done or self._course.last_capture != epoch:
                self.capture(epoch, weights)
            self.progress()
        except Exception as error:
            self._sink.suspend(f"the end could not be recorded: {error!r}")

    def tested(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Record the evaluation on the test set as `test_` metrics of the last epoch."""
        self._sink.record(*self._points(epoch, {f"test_{name}": value for name, value in logs.items()}))
        self.progress()

    def capture(self, epoch: int, weights: Weights) -> None:
        """Record the weights as they are now."""
        self._course.last_capture = epoch
        if self._capture.weights and self._sink.trouble is None:
            self._sink.record(Capture(epoch, self._course.steps_done, weights(), _now()))

    def progress(self) -> None:
        """Record how far the run is; comes last."""
        self._sink.record(Progress(self._course.epochs_done, self._course.steps_done, _now()))

    def _points(self, epoch: int, values: Mapping[str, float]) -> list[MetricPoint]:
        step, now = self._course.steps_done, _now()
        return [MetricPoint(name, epoch, step, float(value), now) for name, value in values.items()]

    def _non_finite(self, epoch: int, logs: Mapping[str, float]) -> list[RunFact]:
        if self._course.first_non_finite is not None:
            return []
        found = next((name for name, value in logs.items() if not math.isfinite(value)), None)
        if found is None:
            return []
        self._course.first_non_finite = {"metric": found, "epoch": epoch, "value": str(float(logs[found]))}
        return [RunFact("first_non_finite", self._course.first_non_finite)]


def _now() -> datetime:
    return datetime.now(UTC)
