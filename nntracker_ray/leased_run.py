"""One lease carried out: from the claim to its last word in the database."""

from __future__ import annotations

import logging
import os
import socket
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.errors import ConflictError, DatabaseAwayError, NotFoundError, StaleAttemptError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Lease, RunFact, RunState
from nntracker_ray.sinks import RecordSink
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import change_state, heartbeat
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import load_training_data
from nntracker_ray.training.fit import Trainer

TRAINER = "trainer"  # who speaks, in the history of a run
HEARTBEAT_S = 5.0

_LOOK_FOR_FIRST_STEP_S = 0.02
_DRAIN_SLICE_S = 5.0
_CLOSE_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workbench:
    """What a worker process has for all the runs it trains."""

    home: Home
    database: Database
    datasets: DatasetStore
    models: ModelStore
    open_sink: Callable[[Lease], RecordSink]
    deliver_leftovers: Callable[[], None]  # brings what dead trainers of this machine left in their spools

    def checkpoint(self, lease: Lease) -> Path:
        """The one checkpoint file of a run."""
        self.home.checkpoints.mkdir(parents=True, exist_ok=True)
        return self.home.checkpoints / f"{lease.run_id}.ckpt"


class LeasedRun:
    """Trains one leased run in threads of its own, and says in the database what has become of it.

    A state is said after it has happened: running after the first step, finished after everything recorded is
    acknowledged. A database that is away delays the word, not the training. When a newer attempt exists the
    training ends and says nothing more.
    """

    def __init__(self, lease: Lease, bench: Workbench) -> None:
        self._lease, self._bench = lease, bench
        self._mailbox = Mailbox()
        self._ended = threading.Event()
        self._hurry = threading.Event()  # no longer wait for a database that is away
        self._overtaken = threading.Event()
        self._epochs_done = 0

    @property
    def epochs_done(self) -> int:
        """Epochs made, of all attempts."""
        return self._epochs_done

    def start(self) -> None:
        """Begin; once."""
        for work in (self._carry_out, self._beat):
            threading.Thread(
                target=work, name=f"{work.__name__} {self._lease.spec.name}", daemon=True
            ).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end, at most so long. Whether all is done and said."""
        return self._ended.wait(timeout_s)

    def leave(self, timeout_s: float) -> bool:
        """End after the batch in hand with a checkpoint, and queue the run again. False when time ran out."""
        self._mailbox.pause()
        in_time = self._ended.wait(timeout_s)
        self._hurry.set()
        return in_time

    def _carry_out(self) -> None:
        try:
            self._conclude(self._train())
        except StaleAttemptError as stale:
            _log.info("run %s is left to a newer attempt: %s", self._lease.spec.name, stale)
        except DatabaseAwayError as away:
            _log.warning("run %s ended, which the database does not know: %s", self._lease.spec.name, away)
        except (ConflictError, NotFoundError) as settled:
            _log.info("run %s was settled by somebody else: %s", self._lease.spec.name, settled)
        finally:
            self._ended.set()

    def _train(self) -> tuple[RunState, str, str | None]:
        """Train to the end. Returns the state reached, why, and the error if there was one."""
        sink = _FencedSink(self._bench.open_sink(self._lease), self._overtaken)
        try:
            if self._lease.attempt > 1:
                # The checkpoint covers epochs whose records may lie in the spool of an attempt that was killed.
                self._bench.deliver_leftovers()
            sink.record(self._worker_fact())
            outcome = self._follow(self._started_trainer(sink))
            self._drain(sink)
        except StaleAttemptError:
            raise
        except BaseException as error:
            self._drain(sink)
            return RunState.FAILED, f"{type(error).__name__}: {error}", traceback.format_exc()
        finally:
            sink.close(timeout_s=_CLOSE_S)
        return outcome

    def _worker_fact(self) -> RunFact:
        return RunFact(
            "worker", {"host": socket.gethostname(), "pid": os.getpid(), "attempt": self._lease.attempt}
        )

    def _started_trainer(self, sink: RecordSink) -> Trainer:
        spec = self._lease.spec
        trainer = Trainer(
            spec,
            data=load_training_data(spec, self._bench.datasets),
            model_json=self._bench.models.get(spec.model_digest),
            sink=sink,
            checkpoint=self._bench.checkpoint(self._lease),
            mailbox=self._mailbox,
        )
        trainer.start()
        return trainer

    def _follow(self, trainer: Trainer) -> tuple[RunState, str, str | None]:
        self._await_first_step(trainer)
        while (status := trainer.wait(HEARTBEAT_S)).outcome is None:
            self._epochs_done = status.epochs_done
        self._epochs_done = status.epochs_done
        if status.outcome == "finished":
            return RunState.FINISHED, "", None
        if status.outcome == "stopped":
            return RunState.STOPPED, "", None
        return RunState.QUEUED, f"the platform stopped after {status.epochs_done} epochs", None

    def _await_first_step(self, trainer: Trainer) -> None:
        """Say `running` once this attempt has made a step."""
        resumes = self._bench.checkpoint(self._lease).exists()
        before = None if resumes else 0  # steps of earlier attempts; None until the checkpoint is read
        while (status := trainer.wait(_LOOK_FOR_FIRST_STEP_S)).outcome is None:
            if before is None:
                before = status.steps_done or None
            elif status.steps_done > before:
                break
        if before is not None and status.steps_done > before:
            self._say_running()

    def _say_running(self) -> None:
        try:
            self._say(RunState.RUNNING)
        except DatabaseAwayError as away:
            _log.warning("run %s runs, which the database does not know: %s", self._lease.spec.name, away)
        except (StaleAttemptError, ConflictError, NotFoundError):
            self._overtaken.set()  # the training hears of it after its next batch, and must be waited for

    def _drain(self, sink: RecordSink) -> None:
        """Wait until everything recorded is acknowledged, or nobody waits for it any more."""
        while not (sink.drain(_DRAIN_SLICE_S) or sink.stale or self._hurry.is_set()):
            _log.info("run %s has ended; its last records are not acknowledged yet", self._lease.spec.name)

    def _conclude(self, end: tuple[RunState, str, str | None]) -> None:
        state, why, error = end
        if self._overtaken.is_set():
            raise StaleAttemptError(f"attempt {self._lease.attempt} ended after a newer one had begun")
        self._say(state, why=why, error=error)

    def _say(self, state: RunState, *, why: str = "", error: str | None = None) -> None:
        """Write a state, however long the database is away."""
        patience = Retrying(
            retry=retry_if_exception_type(DatabaseAwayError),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_when_event_set(self._hurry),
            reraise=True,
        )
        patience(self._say_once, state, why, error)

    def _say_once(self, state: RunState, why: str, error: str | None) -> None:
        lease = self._lease
        with self._bench.database.connection() as connection:
            change_state(
                connection,
                run_id=lease.run_id,
                state=state,
                by=TRAINER,
                why=why,
                attempt=lease.attempt,
                error=error,
            )

    def _beat(self) -> None:
        """Tell that this trainer lives, and hear whether it was overtaken, until the end."""
        while not self._ended.wait(HEARTBEAT_S):
            try:
                with self._bench.database.connection() as connection:
                    newest = heartbeat(connection, run_no=self._lease.run_no, attempt=self._lease.attempt)
            except DatabaseAwayError:
                continue
            if not newest:
                self._overtaken.set()
                return


class _FencedSink:
    """A sink that is stale as soon as this attempt was overtaken; training looks at that after each batch."""

    def __init__(self, inner: RecordSink, overtaken: threading.Event) -> None:
        self._inner = inner
        self._overtaken = overtaken
        self.record, self.flush, self.drain, self.close = inner.record, inner.flush, inner.drain, inner.close

    @property
    def stale(self) -> bool:
        """Whether a newer attempt of the run exists."""
        return self._overtaken.is_set() or self._inner.stale
