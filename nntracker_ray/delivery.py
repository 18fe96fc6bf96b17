"""Bringing payloads to the database: again and again while it is away, apart when it refuses, and with a mark
in the data for whatever cannot be kept."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from nntracker_ray.errors import (
    DatabaseAwayError,
    SchemaError,
    SpoolError,
    StaleAttemptError,
    StorageError,
)
from nntracker_ray.records import Capture, JsonValue, MetricArray, MetricPoint, Record, RunFact
from nntracker_ray.spool import Recovery, Spool, SpoolName, orphaned
from nntracker_ray.wire import decode_records, encode_records

Deliver: TypeAlias = Callable[[int, int, bytes], None]  # run_no, attempt, payload; returns after the commit

PARCEL_BYTES: Final = 4 * 2**20  # payloads joined into one call
REFUSALS_BELIEVED: Final = 3  # a deadlock or a migration in progress also refuses once

_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 5.0

# Our own: Keras draws the seeds of layers from the global dice while this thread runs.
_DICE: Final = random.Random()  # noqa: S311

log = logging.getLogger(__name__)


class Stop(Protocol):
    """What a `threading.Event` is to somebody who waits for it."""

    def wait(self, timeout: float) -> bool:
        """Wait for at most `timeout` seconds; whether to stop."""


@dataclass(slots=True)
class Gaps:
    """What of one attempt could not be kept: counted here, written into the data as a fact. Any thread."""

    attempt: int
    _counts: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    _changed: bool = False
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, why: str, *records: Record, count: int | None = None) -> None:
        """Note that records are missing, and why: "captures_thinned", "records_refused", ..."""
        epochs = [
            record.epoch for record in records if isinstance(record, Capture | MetricArray | MetricPoint)
        ]
        with self._mutex:
            if kind not in self._counts:
                log.warning("%s: %s", kind, why)
            entry = self._counts.setdefault(kind, {"count": 0, "epochs": None})
            first, last = entry["epochs"] or (min(epochs, default=0), 0)
            entry["count"] += len(records) if count is None else count
            entry["why"] = why[:500]
            if epochs:
                entry["epochs"] = [min(first, *epochs), max(last, *epochs)]
            self._changed = True

    def note_recovery(self, recovery: Recovery) -> None:
        """Note what opening a spool found to be lost."""
        if recovery.damaged:
            self.add("spool_damaged", "entries of the spool failed their CRC", count=recovery.damaged)

    def fact(self) -> RunFact | None:
        """All gaps so far, when there are new ones since the last call; `epochs` is [first, last]."""
        with self._mutex:
            if not self._changed:
                return None
            self._changed = False
            return RunFact(
                f"recording_gaps_attempt_{self.attempt}", {k: dict(v) for k, v in self._counts.items()}
            )


class Courier:
    """Brings payloads of one attempt to `deliver` until they are acknowledged, or refused for good.

    Args:
        stop: Set by whoever no longer wants to wait.
        gaps: Told of every record that was refused.
    """

    def __init__(self, deliver: Deliver, run_no: int, attempt: int, *, stop: Stop, gaps: Gaps) -> None:
        self._deliver = deliver
        self._run = (run_no, attempt)
        self._stop = stop
        self._gaps = gaps
        self.trouble: str | None = None  # why nothing arrives at present

    def bring(self, payload: bytes) -> bool:
        """True when the payload needs no more care; False when stopped before that.

        Raises: StaleAttemptError: A newer attempt of the run exists.
        """
        refusals = 0
        for wait_s in _waits():
            try:
                self._deliver(*self._run, payload)
            except (StaleAttemptError, KeyboardInterrupt):
                raise
            # Whatever deliver raises: a thread that ends because of it would silently end the recording.
            except BaseException as error:
                self.trouble = f"{type(error).__name__}: {error}"
                refusals = refusals + 1 if is_refusal(error) else 0
            else:
                self.trouble = None
                return True
            if refusals >= REFUSALS_BELIEVED:
                return self._bring_apart(payload)
            if self._stop.wait(wait_s):
                return False
        raise AssertionError("there is always one more wait")

    def _bring_apart(self, payload: bytes) -> bool:
        """Bring the halves of a refused payload, so that one bad record does not cost its neighbours."""
        try:
            records = decode_records(payload)
        except SpoolError as error:
            self._gaps.add("payloads_unreadable", str(error), count=1)
            return True
        if len(records) == 1:
            self._gaps.add("records_refused", self.trouble or "", *records)
            self.trouble = None
            return True
        middle = len(records) // 2
        halves = (encode_records(records[:middle]), encode_records(records[middle:]))
        return all(self.bring(half) for half in halves)


def is_refusal(error: BaseException) -> bool:
    """Whether the content was refused, so that sending it again is of no use.

    An outage is none, nor a schema that is being migrated, nor anything unknown: those pass.
    """
    if isinstance(error, DatabaseAwayError | SchemaError):
        return False
    return isinstance(error, StorageError | SpoolError)


def drain_orphans(folder: Path, deliver: Deliver, *, timeout_s: float = 60.0) -> int:
    """Deliver what dead processes of this machine left in their spools; returns the entries delivered.

    A spool that cannot be delivered now stays where it is, and the next call finds it again. Oldest run first.
    Never raises because of a spool or of `deliver`.

    Args:
        timeout_s: How long to wait, over all spools, for a database that is away.
    """
    deadline = _Deadline(timeout_s)
    return sum(_drain_one(folder, name, deliver, deadline) for name in orphaned(folder))


def _drain_one(folder: Path, name: SpoolName, deliver: Deliver, stop: Stop) -> int:
    run_no, attempt = name.run_no, name.attempt
    gaps = Gaps(attempt)
    courier = Courier(deliver, run_no, attempt, stop=stop, gaps=gaps)
    try:
        with contextlib.closing(Spool(folder, run_no=run_no, attempt=attempt)) as spool:
            gaps.note_recovery(spool.recovery)
            delivered = _empty(spool, courier)
            if fact := gaps.fact():
                courier.bring(encode_records([fact]))
            return delivered
    except SpoolError as error:  # its owner came back between the two looks, or the disk is broken
        log.warning("the spool of run %s, attempt %s, stays for the next time: %s", run_no, attempt, error)
        return 0


def _empty(spool: Spool, courier: Courier) -> int:
    delivered = 0
    while parcel := spool.oldest(PARCEL_BYTES):
        try:
            if not courier.bring(parcel.payload):
                raise SpoolError(f"not delivered: {courier.trouble}")
        except StaleAttemptError as error:
            log.warning("discarded %d spooled entries: %s", spool.entries, error)
            parcel = replace(parcel, last=spool.last)
        delivered += spool.acknowledge(parcel.last)
    return delivered


class _Deadline:
    """A `Stop` that is set by the passing of time."""

    def __init__(self, timeout_s: float) -> None:
        self._end_s = time.monotonic() + timeout_s

    def wait(self, timeout: float) -> bool:
        """Sleep; whether the time is over."""
        time.sleep(max(0.0, min(timeout, self._end_s - time.monotonic())))
        return time.monotonic() >= self._end_s


def _waits() -> Iterator[float]:
    wait_s = _FIRST_WAIT_S
    while True:
        # Spread out, or eight trainers would return to a recovering database in step.
        yield wait_s * _DICE.uniform(0.5, 1.0)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
