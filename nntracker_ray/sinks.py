"""Where training puts its records: one promise (`RecordSink`), several ways to keep it."""

from __future__ import annotations

from typing import Protocol

from nntracker_ray.errors import SpoolError
from nntracker_ray.records import Record


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
