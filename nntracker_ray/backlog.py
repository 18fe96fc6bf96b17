"""Payloads between the training and the database: in the spool, or in memory while the disk refuses them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from nntracker_ray.disk_room import is_disk_full
from nntracker_ray.errors import SpoolError
from nntracker_ray.spool import Parcel, Spool

_FROM_MEMORY: Final = -1


class Backlog:
    """A first-in first-out queue of payloads. One thread puts, one takes, any may wait.

    A spooled payload survives this process; one held in memory does not, but is delivered all the same.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._changed = threading.Condition()
        self._put_count = spool.entries
        self.trouble: str | None = None  # why the disk refuses, while it does
        self.disk_full = False  # whether that is for want of room

    @property
    def memory_bytes(self) -> int:
        """Bytes that the disk refused and that wait in memory."""
        return self._memory_bytes

    @property
    def spool_bytes(self) -> int:
        """Bytes that wait in the spool."""
        return self._spool.size_bytes

    @property
    def position(self) -> int:
        """How many payloads were put so far; what `wait_spooled` and `wait_acknowledged` count in."""
        return self._put_count

    def put(self, payload: bytes) -> None:
        """Take a payload; never fails."""
        in_spool = not self._memory and self._append(payload)
        with self._changed:
            if not in_spool:
                self._memory.append(payload)
                self._memory_bytes += len(payload)
            self._put_count += 1
            self._changed.notify_all()

    def move_to_spool(self) -> None:
        """Try again to spool what waits in memory, oldest first."""
        while payload := self._oldest_in_memory():
            if not self._append(payload):
                return
            # Delivered from memory meanwhile? Then it goes out twice, which changes nothing.
            self._forget(payload)

    def oldest(self, max_bytes: int, timeout_s: float) -> Parcel | None:
        """The oldest payloads, about `max_bytes` of them; None when none came in time.

        Raises: SpoolError: The oldest was damaged on disk and is given up, or the spool is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting() > 0, timeout_s)
        if parcel := self._spool.oldest(max_bytes):
            return parcel
        payload = self._oldest_in_memory()
        return Parcel(payload, _FROM_MEMORY) if payload else None

    def acknowledge(self, parcel: Parcel) -> None:
        """Forget what the database has."""
        if parcel.last == _FROM_MEMORY:
            self._forget(parcel.payload)
            return
        self._spool.acknowledge(parcel.last)
        with self._changed:
            self._changed.notify_all()

    def discard(self) -> None:
        """Forget everything."""
        with self._changed:
            self._memory.clear()
            self._memory_bytes = 0
            self._spool.acknowledge(self._spool.last)
            self._changed.notify_all()

    def wait_spooled(self, position: int, timeout_s: float) -> bool:
        """Wait until the first `position` payloads are on disk or acknowledged; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._memory or self._acknowledged() >= position, timeout_s
            )

    def wait_acknowledged(self, position: int, timeout_s: float) -> bool:
        """Wait until the first `position` payloads are acknowledged; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._acknowledged() >= position, timeout_s)

    def _append(self, payload: bytes) -> bool:
        try:
            self._spool.append(payload)
        except SpoolError as error:
            self.trouble, self.disk_full = str(error), is_disk_full(error)
            return False
        self.trouble, self.disk_full = None, False
        return True

    def _oldest_in_memory(self) -> bytes | None:
        with self._changed:
            return self._memory[0] if self._memory else None

    def _forget(self, payload: bytes) -> None:
        with self._changed:
            if self._memory and self._memory[0] is payload:
                self._memory.popleft()
                self._memory_bytes -= len(payload)
            self._changed.notify_all()

    def _waiting(self) -> int:
        return self._spool.entries + len(self._memory)

    def _acknowledged(self) -> int:
        return self._put_count - self._waiting()
