"""What the metrics writer decides: when to write, what goes into one transaction, who is told what."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias, TypeVar

from nntracker_ray.errors import DatabaseAwayError, NNTrackerError, SchemaError, SpoolError, StorageError
from nntracker_ray.records import Batch
from nntracker_ray.wire import decode_records

T = TypeVar("T")

# What the packing of a row raises for a number that no column holds, beside the database's own refusal.
_REFUSALS: Final = (StorageError, ValueError, TypeError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class Payload:
    """Encoded records of one attempt, as a sink sends them."""

    run_no: int
    attempt: int
    data: bytes


Outcome: TypeAlias = NNTrackerError | None  # None: committed


@dataclass(slots=True)
class Gatherer(Generic[T]):
    """Collects what many callers bring, until it is old or large enough for one transaction.

    It knows no clock: `now_s` is any monotonic time in seconds.
    """

    max_age_s: float = 0.05
    max_bytes: int = 8 * 2**20
    _items: list[tuple[T, int]] = field(default_factory=list)
    _oldest_s: float = 0.0

    @property
    def bytes(self) -> int:
        """Size of all that waits."""
        return sum(size for _, size in self._items)

    def add(self, item: T, size: int, *, now_s: float) -> None:
        """Take an item of `size` bytes."""
        if not self._items:
            self._oldest_s = now_s
        self._items.append((item, size))

    def due_in_s(self, *, now_s: float) -> float | None:
        """Seconds until the items should be written, 0 for now; None while there are none."""
        if not self._items:
            return None
        if self.bytes >= self.max_bytes:
            return 0.0
        return max(0.0, self._oldest_s + self.max_age_s - now_s)

    def take(self) -> list[T]:
        """The oldest items, as many as make up `max_bytes`, at least one; the rest is due at once."""
        taken: list[T] = []
        total = 0
        for item, size in self._items:
            if taken and total + size > self.max_bytes:
                break
            taken.append(item)
            total += size
        del self._items[: len(taken)]
        self._oldest_s = float("-inf")
        return taken


def store(payloads: Sequence[Payload], write: Callable[[Sequence[Batch]], None]) -> list[Outcome]:
    """Write all payloads in one transaction; when it is refused each in one of its own.

    Args:
        write: Commits the batches, all or none, and may be called with the same ones again.
    Returns: For each payload None when it is committed, else the error that its sender should get: the content
        was refused (StorageError, SpoolError), or the database is away or of another version (DatabaseAwayError,
        SchemaError: send it again).
    """
    decoded = [_decoded(payload) for payload in payloads]
    batches = [one for one in decoded if isinstance(one, Batch)]
    together = _written(batches, write) if batches else None
    outcomes: list[Outcome] = []
    for one in decoded:
        if not isinstance(one, Batch):
            outcomes.append(one)
        elif _is_passing(together) or len(batches) == 1:
            outcomes.append(together)
        else:
            outcomes.append(_written([one], write))
    return outcomes


def _decoded(payload: Payload) -> Batch | SpoolError:
    try:
        return Batch(payload.run_no, payload.attempt, decode_records(payload.data))
    except SpoolError as error:
        return error


def _written(batches: Sequence[Batch], write: Callable[[Sequence[Batch]], None]) -> Outcome:
    try:
        write(batches)
    except NNTrackerError as error:
        return error
    except _REFUSALS as error:
        return StorageError(f"a record cannot be stored: {error}")
    return None


def _is_passing(outcome: Outcome) -> bool:
    """Whether there is nothing to gain from trying the payloads one by one."""
    return outcome is None or isinstance(outcome, DatabaseAwayError | SchemaError)
