"""Waiting for what cannot be interrupted, but not for longer than one can."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class TimeLimit:
    """So many seconds for everything that is called through it together, counted from the first call.

    What is under way when they are over goes on in a thread that nobody waits for.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end_s: float | None = None

    def call(self, work: Callable[[], T]) -> T:
        """Call it and return what it returns. Raises: TimeoutError: Time is over; otherwise what it raises."""
        if self._end_s is None:
            self._end_s = time.monotonic() + self.seconds
        if (left_s := self._end_s - time.monotonic()) <= 0:
            raise TimeoutError
        future: Future[T] = Future()
        threading.Thread(target=_carry_out, args=(work, future), daemon=True).start()
        return future.result(left_s)


def _carry_out(work: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
