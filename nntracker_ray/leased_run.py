"""One lease carried out: from the claim to its last word in the database."""

from __future__ import annotations

import logging
import os
import socket
import threading
import traceback
from dataclasses import dataclass
from typing import Final

from nntracker_ray.checkpoints.info import LAST
from nntracker_ray.checkpoints.last_capture import last_capture
from nntracker_ray.disk_room import DISK, is_disk_full
from nntracker_ray.errors import (
    ConflictError,
    DatabaseAwayError,
    NotFoundError,
    RemoteError,
    StaleAttemptError,
)
from nntracker_ray.lease_voice import LeaseVoice, Pulse
from nntracker_ray.memory_use import begin_peak, is_out_of_memory, memory_error, peak_rss_bytes
from nntracker_ray.records import Lease, RunFact, RunState
from nntracker_ray.run_log import RunLog, told
from nntracker_ray.sinks import RecordSink
from nntracker_ray.states import AT_WORK
from nntracker_ray.training.control import Command, Mailbox
from nntracker_ray.training.fit import Trainer, TrainerStatus
from nntracker_ray.workbench import Material, Workbench

_LOOK_FOR_FIRST_STEP_S: Final = 0.02
_LOOK_FOR_TROUBLE_S: Final = 1.0
_DRAIN_SLICE_S: Final = 5.0
_CLOSE_S: Final = 1.0
_BY_A_PERSON: Final = frozenset({RunState.PAUSED, RunState.STOPPED})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended, as it will be said."""

    state: RunState
    why: str = ""
    error: str | None = None
    hold: str | None = None


class LeasedRun:
    """Trains one leased run in threads of its own, and says in the database what has become of it.

    A state is said after it has happened: running after the first step; finished, paused and stopped after
    everything recorded is acknowledged. A database that is away delays the word, not the training. When a newer
    attempt exists the training ends and says nothing more.
    """

    def __init__(self, lease: Lease, bench: Workbench) -> None:
        self._lease, self._bench, self._name = lease, bench, lease.spec.name
        self._mailbox = Mailbox()
        self._ended = threading.Event()
        self._hurry = threading.Event()  # no longer wait for a database that is away
        self._overtaken = threading.Event()
        self._voice = LeaseVoice(lease, bench.database, self._hurry)
        self._pulse = Pulse(self._voice, self._hear, self._name)
        self._is_asked = False  # by a person to pause
        self._is_leaving = False  # because the platform stops
        self._lacks_room = False  # on the disk
        self._epochs_done = 0
        self._reached: RunState | None = None

    @property
    def epochs_done(self) -> int:
        """Epochs made, of all attempts."""
        return self._epochs_done

    @property
    def is_given_back(self) -> bool:
        """Whether a person has asked for the hardware, and it is theirs now."""
        return self._reached in _BY_A_PERSON

    def start(self) -> None:
        """Begin; once."""
        self._pulse.start()
        threading.Thread(target=self._carry_out, name=f"run {self._name}", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end, at most so long. Whether all is done and said."""
        return self._ended.wait(timeout_s)

    def look(self, run_id: str | None) -> None:
        """Somebody has asked something of this run, or, with None, of nobody knows which: hear what."""
        if run_id in (None, str(self._lease.run_id)):
            self._pulse.look()

    def leave(self, timeout_s: float) -> bool:
        """End after the batch in hand with a checkpoint, and queue the run again. False when time ran out."""
        self._is_leaving = True
        self._mailbox.pause()
        in_time = self._ended.wait(timeout_s)
        self._hurry.set()
        return in_time

    def _hear(self, state: RunState | None) -> None:
        """Obey what a person has asked for; a run that is not at work any more has no use for a trainer."""
        if state is RunState.PAUSING:
            self._is_asked = True
            self._mailbox.pause()
        elif state is RunState.STOPPING:
            self._mailbox.stop()
        elif state not in AT_WORK:
            self._overtaken.set()

    def _carry_out(self) -> None:
        try:
            self._attempt()
        except StaleAttemptError as stale:
            _log.info("run %s is left to a newer attempt: %s", self._name, stale)
        except DatabaseAwayError as away:
            _log.warning("run %s ended, which the database does not know: %s", self._name, away)
        except (ConflictError, NotFoundError) as settled:
            _log.info("run %s was settled by somebody else: %s", self._name, settled)
        except Exception:
            _log.exception("run %s ended, which could not be said", self._name)
        finally:
            self._pulse.end()
            self._ended.set()

    def _attempt(self) -> None:
        try:
            inner = self._bench.open_sink(self._lease)
        except Exception as error:
            self._say(self._failure(error))
            return
        sink = _FencedSink(inner, self._overtaken)
        log = RunLog(sink.record)
        try:
            with told(log):
                self._conclude(self._train(sink), sink)
        finally:
            sink.close(timeout_s=_CLOSE_S)

    def _train(self, sink: _FencedSink) -> End:
        begin_peak()
        try:
            if self._lease.attempt > 1:
                # The checkpoint covers epochs whose records may lie in the spool of an attempt that was killed.
                self._bench.deliver_leftovers()
            sink.record(self._worker_fact())
            trainer = self._started_trainer(sink)
            return self._left_before_it_began(sink) if trainer is None else self._follow(trainer, sink)
        except StaleAttemptError:
            raise
        except BaseException as error:
            return self._failure(error)

    def _worker_fact(self) -> RunFact:
        return RunFact(
            "worker", {"host": socket.gethostname(), "pid": os.getpid(), "attempt": self._lease.attempt}
        )

    def _started_trainer(self, sink: RecordSink) -> Trainer | None:
        """The training begun, or None when it was asked to leave before that."""
        material = None if self._mailbox.is_asked else self._material()
        if material is None or self._mailbox.is_asked:
            return None
        trainer = Trainer(
            self._lease.spec,
            data=material.data,
            model_json=material.model_json,
            sink=sink,
            checkpoints=self._bench.checkpoints(self._lease),
            mailbox=self._mailbox,
        )
        trainer.start()
        return trainer

    def _material(self) -> Material | None:
        try:
            return self._bench.material(self._lease.spec, unwanted=self._mailbox.asked)
        except RemoteError:
            if self._mailbox.is_asked:
                return None
            raise

    def _follow(self, trainer: Trainer, sink: _FencedSink) -> End:
        self._await_first_step(trainer, sink)
        while (status := trainer.wait(_LOOK_FOR_TROUBLE_S)).outcome is None:
            self._note(status, sink)
        self._note(status, sink)
        where = f"after {status.epochs_done} epochs and {status.steps_done} steps"
        unsaved = f"no checkpoint holds its end: {status.unsaved}" if status.unsaved else ""
        if status.outcome == "stopped":
            _log.info("stopped %s", where)
            return End(RunState.STOPPED, unsaved)
        # What a finished run goes on from later is its last checkpoint: without it there is something left to do.
        if status.outcome == "paused" or (status.unsaved and self._lacks_room):
            return self._paused(where, unsaved)
        _log.info("finished after %d epochs", status.epochs_done)
        return End(RunState.FINISHED, "; ".join(filter(None, (status.ended_early, unsaved))))

    def _paused(self, where: str, unsaved: str = "") -> End:
        if self._is_asked:
            _log.info("paused %s", where)
            return End(RunState.PAUSED, unsaved)
        if self._lacks_room:
            _log.warning("paused %s: the disk is full", where)
            why = f"the disk is full: it left {where}, and goes on by itself from its last checkpoint"
            return End(RunState.PAUSED, f"{why} when there is room", hold=DISK)
        _log.info("left %s: the platform stopped", where)
        return End(RunState.QUEUED, "; ".join(filter(None, (f"the platform stopped {where}", unsaved))))

    def _note(self, status: TrainerStatus, sink: _FencedSink) -> None:
        self._epochs_done = status.epochs_done
        if status.disk_full or sink.disk_full:
            self._lacks_room = True
            self._mailbox.pause()

    def _left_before_it_began(self, sink: _FencedSink) -> End:
        if self._mailbox.wish is Command.STOP:
            self._capture_checkpoint(sink)
            return End(RunState.STOPPED, "it was stopped before it began to train")
        return self._paused("before it began to train")

    def _await_first_step(self, trainer: Trainer, sink: _FencedSink) -> None:
        """Say `running` once this attempt has made a step."""
        spec = self._lease.spec
        resumes = spec.origin is not None or self._bench.checkpoints(self._lease).has()
        before = None if resumes else 0  # steps of earlier attempts; None until the checkpoint is read
        while (status := trainer.wait(_LOOK_FOR_FIRST_STEP_S)).outcome is None:
            if before is None:
                before = status.steps_done or None
            elif status.steps_done > before:
                break
            self._note(status, sink)
        if before is not None and status.steps_done > before:
            self._say_running()

    def _say_running(self) -> None:
        try:
            self._voice.say(RunState.RUNNING)
        except DatabaseAwayError as away:
            _log.warning("run %s runs, which the database does not know: %s", self._name, away)
        except (StaleAttemptError, ConflictError, NotFoundError):
            self._overtaken.set()  # the training hears of it after its next batch, and must be waited for

    def _failure(self, error: BaseException) -> End:
        if is_disk_full(error):
            why = f"the disk is full ({error})"
            if self._is_asked:
                return End(RunState.PAUSED, why)
            return End(RunState.PAUSED, f"{why}; it goes on by itself when there is room", hold=DISK)
        why, trace = f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
        if is_out_of_memory(error):
            why = memory_error(f"The training ended with {why[:500]}.", peak_rss_bytes())
            trace = f"{why}\n\n{trace}"
        return End(RunState.FAILED, why, trace)

    def _drain(self, sink: RecordSink) -> None:
        """Wait until everything recorded is acknowledged, or nobody waits for it any more."""
        while not (sink.drain(_DRAIN_SLICE_S) or sink.stale or self._hurry.is_set()):
            _log.info("run %s has ended; its last records are not acknowledged yet", self._name)

    def _conclude(self, end: End, sink: _FencedSink) -> None:
        if end.state is RunState.PAUSED and self._mailbox.wish is Command.STOP:
            # Asked to stop while it was leaving for a pause.
            self._capture_checkpoint(sink)
            end = End(RunState.STOPPED)
        self._drain(sink)
        self._say(end)
        if end.state is RunState.PAUSED and self._reached is RunState.STOPPED:
            self._capture_checkpoint(sink)
            self._drain(sink)

    def _capture_checkpoint(self, sink: RecordSink) -> None:
        """Record the weights as the last checkpoint has them: what a stop leaves behind."""
        folder = self._bench.checkpoints(self._lease)
        capture = last_capture(folder.path(LAST), self._lease.spec) if folder.has() else None
        if capture is not None:
            sink.record(capture)

    def _say(self, end: End) -> None:
        if self._overtaken.is_set():
            raise StaleAttemptError(f"attempt {self._lease.attempt} ended after a newer one had begun")
        self._reached = self._voice.say(end.state, why=end.why, error=end.error, hold=end.hold)


class _FencedSink:
    """A sink that is stale as soon as this attempt was overtaken; training looks at that after each batch."""

    def __init__(self, inner: RecordSink, overtaken: threading.Event) -> None:
        self._inner = inner
        self._overtaken = overtaken
        self.record, self.close = inner.record, inner.close

    def flush(self, timeout_s: float) -> bool:
        """Whether everything recorded survives a kill; False when overtaken: its checkpoints must not count."""
        return self._inner.flush(timeout_s) and not self.stale

    def drain(self, timeout_s: float) -> bool:
        """Whether everything recorded is acknowledged; False when overtaken."""
        return self._inner.drain(timeout_s) and not self.stale

    @property
    def stale(self) -> bool:
        """Whether a newer attempt of the run exists."""
        return self._overtaken.is_set() or self._inner.stale

    @property
    def disk_full(self) -> bool:
        """Whether the spool wants room on the disk."""
        return bool(getattr(self._inner, "disk_full", False))
