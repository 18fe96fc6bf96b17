"""Where training puts its records: one promise (`RecordSink`), several ways to keep it."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from nntracker_ray.backlog import Backlog
from nntracker_ray.delivery import PARCEL_BYTES, Courier, Deliver, Gaps
from nntracker_ray.errors import SpoolError, StaleAttemptError
from nntracker_ray.intake import Intake, Marker, SinkLimits, encoded, thinned
from nntracker_ray.records import Record
from nntracker_ray.spool import Spool

_SPOOL_PERIOD_S: Final = 0.05  # how long a record is in memory only
_PAUSE_S: Final = 1.0  # between two looks at something that does not work

log = logging.getLogger(__name__)


class RecordSink(Protocol):
    """Takes the records of one attempt of one run, in the order they were made.

    Training never waits for a sink and never fails because of one. What a sink cannot keep it marks in the
    data.
    """

    def record(self, *records: Record) -> None:
        """Take the records. Called on the training thread: appends to memory, no disk, no database.

        The arrays of a capture are kept as they are: the caller does not write into them afterwards.
        Raises: SpoolError: Only after `close`.
        """

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything recorded so far survives the end of this process; False when time ran out."""

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything recorded so far is acknowledged; False when time ran out."""

    def close(self, timeout_s: float = 10.0) -> None:
        """Drain for at most `timeout_s` and take no more; the rest stays in the spool. Twice is once."""

    @property
    def stale(self) -> bool:
        """Whether a newer attempt of the run exists: nothing more is sent, and this training should end."""


class MemorySink:
    """Keeps everything in a list: for tests and for looking at a training without a database."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._closed = False

    def record(self, *records: Record) -> None:
        """Append the records to `records`."""
        if self._closed:
            raise SpoolError("this sink is closed; record before close()")
        self.records.extend(records)

    def flush(self, timeout_s: float) -> bool:  # noqa: ARG002 (the protocol's)
        """Nothing to wait for."""
        return True

    def drain(self, timeout_s: float) -> bool:  # noqa: ARG002 (the protocol's)
        """Nothing to wait for."""
        return True

    def close(self, timeout_s: float = 10.0) -> None:  # noqa: ARG002 (the protocol's)
        """Take no more."""
        self._closed = True

    @property
    def stale(self) -> bool:
        """Never."""
        return False


class SpoolSink:
    """Records go to memory, from there to a spool file, from there to `deliver`; each step in its own thread.

    Args:
        folder: Where spools lie. What an earlier process left of this very attempt is delivered first.
        deliver: Returns after the commit; raises otherwise, and is then called again after growing pauses. It
            is called by one thread, with the payloads in order.
        sync: Whether `flush` also makes the records survive the end of the machine (fsync).
    Raises: SpoolError: Another process writes this attempt, or the disk refuses a new spool.
    """

    def __init__(
        self,
        folder: Path,
        *,
        run_no: int,
        attempt: int,
        deliver: Deliver,
        limits: SinkLimits = SinkLimits(),  # noqa: B008 (frozen)
        sync: bool = False,
    ) -> None:
        self._spool = Spool(folder, run_no=run_no, attempt=attempt)
        self._backlog = Backlog(self._spool)
        self._limits, self._sync = limits, sync
        self._gaps = Gaps(attempt)
        self._gaps.note_recovery(self._spool.recovery)
        self._intake = Intake(limits, self._gaps)
        self._wake, self._stop = threading.Event(), threading.Event()
        self._closing = self._stale = False
        self._courier = Courier(deliver, run_no, attempt, stop=self._stop, gaps=self._gaps)
        self._spooler = _start(self._keep_spooling, f"spool-{run_no}")
        self._deliverer = _start(self._keep_delivering, f"deliver-{run_no}")

    def record(self, *records: Record) -> None:
        """Put the records into the queue; when too much waits already, leave them out with a mark."""
        if self._closing:
            raise SpoolError("this sink is closed; record before close()")
        for record in records:
            self._intake.add(record)

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything recorded so far is in the spool file; always False for a stale attempt."""
        end_s = time.monotonic() + timeout_s
        position = self._position_of_now(timeout_s, sync=self._sync)
        if position is None or self._stale:
            return False
        return self._backlog.wait_spooled(position, _left(end_s))

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything recorded so far is acknowledged; always False for a stale attempt."""
        end_s = time.monotonic() + timeout_s
        position = self._position_of_now(timeout_s)
        if position is None or self._stale:
            return False
        return self._backlog.wait_acknowledged(position, _left(end_s)) and not self._stale

    def close(self, timeout_s: float = 10.0) -> None:
        """Drain for at most `timeout_s`, take no more; the rest stays in the spool for whoever adopts it."""
        if self._closing:
            return
        self._closing = True
        end_s = time.monotonic() + timeout_s
        # Once more: what the first one found refused has become a mark, which has to arrive as well.
        if self.drain(timeout_s):
            self.drain(_left(end_s))
        self._stop.set()
        self._wake.set()
        self._spooler.join(max(timeout_s, _PAUSE_S))
        # A delivery still under way finds the spool closed; whoever adopts it sends once more.
        self._spool.close()

    @property
    def stale(self) -> bool:
        """Whether a newer attempt of the run exists: nothing more is sent, and this training should end."""
        return self._stale

    @property
    def trouble(self) -> str | None:
        """Why records pile up at present (disk or database), or None."""
        return self._backlog.trouble or self._courier.trouble

    @property
    def disk_full(self) -> bool:
        """Whether records pile up in memory because the disk has no room for them."""
        return self._backlog.disk_full

    def _position_of_now(self, timeout_s: float, *, sync: bool = False) -> int | None:
        if not self._spooler.is_alive():
            return self._backlog.position
        marker = self._intake.mark(sync=sync)
        self._wake.set()
        return marker.position if marker.passed.wait(timeout_s) else None

    def _keep_spooling(self) -> None:
        is_last_round = False
        while not is_last_round:
            is_last_round = self._stop.is_set()
            with _survival("spooling", self._stop):
                self._spool_everything()
                self._wake.wait(_PAUSE_S if self._backlog.trouble else _SPOOL_PERIOD_S)
                self._wake.clear()

    def _spool_everything(self) -> None:
        self._backlog.move_to_spool()
        while self._intake:
            records, marker = self._intake.next_frame()
            self._spool_frame(records)
            self._spool_gaps()
            if marker:
                self._pass(marker)
        self._spool_gaps()

    def _spool_gaps(self) -> None:
        if fact := self._gaps.fact():
            self._spool_frame([fact])

    def _spool_frame(self, records: list[Record]) -> None:
        waiting = {"memory_bytes": self._backlog.memory_bytes, "spool_bytes": self._backlog.spool_bytes}
        kept = [] if self._stale else thinned(records, self._limits, self._gaps, **waiting)
        for payload in encoded(kept, self._gaps):
            self._backlog.put(payload)

    def _pass(self, marker: Marker) -> None:
        if marker.sync:
            self._spool.sync()
        marker.position = self._backlog.position
        marker.passed.set()

    def _keep_delivering(self) -> None:
        while not (self._stop.is_set() or self._stale):
            with _survival("delivering", self._stop):
                self._deliver_oldest()

    def _deliver_oldest(self) -> None:
        try:
            parcel = self._backlog.oldest(PARCEL_BYTES, timeout_s=_PAUSE_S)
        except SpoolError as error:
            if not self._stop.is_set():
                self._gaps.add("spool_damaged", str(error), count=1)
            return
        try:
            if parcel and self._courier.bring(parcel.payload):
                self._backlog.acknowledge(parcel)
        except StaleAttemptError as error:
            log.warning("recording ends: %s", error)
            self._stale = True
            self._backlog.discard()


def _start(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _left(end_s: float) -> float:
    return max(0.0, end_s - time.monotonic())


@contextlib.contextmanager
def _survival(doing: str, stop: threading.Event) -> Iterator[None]:
    """Nothing that happens inside may end the thread: recording would stop, and nobody would know."""
    try:
        yield
    except BaseException:
        if not stop.is_set():
            log.exception("%s failed; it goes on in a second", doing)
            stop.wait(_PAUSE_S)
