"""What a worker process prints, warns of and logs while it trains a run, as records of that run.

Python's own streams only: what C++ libraries write to the file descriptors stays in Ray's log of the worker.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from nntracker_ray.records import LogLine

LINES_AT_MOST: Final = 10_000  # of an attempt
CHARACTERS_AT_MOST: Final = 2_000  # of a line
# What carries these lines must not write lines about it.
_CARRIERS: Final = tuple(
    f"nntracker_ray.{name}" for name in ("sinks", "intake", "backlog", "spool", "delivery", "run_log")
)

Record = Callable[[LogLine], None]


class RunLog:
    """Numbers the lines of one attempt and hands them on, up to a limit. Any thread; never raises, never waits."""

    def __init__(self, record: Record, *, lines_at_most: int = LINES_AT_MOST) -> None:
        self._record, self._limit = record, lines_at_most
        self._count = 0
        self._mutex = threading.Lock()
        self._inside = threading.local()

    def line(self, source: str, text: str, level: str = "") -> None:
        """Take a text, one line or several; what recording it prints is not taken again."""
        if getattr(self._inside, "now", False):
            return
        self._inside.now = True
        try:
            with self._mutex:
                for part in text.split("\n"):
                    self._hand_on(source, part, level)
        except Exception:  # noqa: S110 (logging it would come back here)
            pass
        finally:
            self._inside.now = False

    def _hand_on(self, source: str, text: str, level: str) -> None:
        if self._count > self._limit:
            return
        if self._count == self._limit:
            source, level = "log", "WARNING"
            text = (
                f"{self._limit} lines are kept of an attempt; what comes after is in Ray's log of the worker"
            )
        clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:CHARACTERS_AT_MOST]
        self._record(LogLine(self._count, source, level, clean, datetime.now(UTC)))
        self._count += 1


@contextlib.contextmanager
def told(log: RunLog) -> Iterator[None]:
    """Let everything that this process prints, warns of and logs inside the block go to `log` as well.

    One block at a time in a process.
    """
    handler = _Handler(log)
    logging.getLogger().addHandler(handler)
    out, err = _Tee(sys.stdout, "stdout", log), _Tee(sys.stderr, "stderr", log)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _warnings_to(log),
        ):
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        out.end()
        err.end()


class _Tee:
    """A stream that still writes where it did, and takes down whole lines."""

    def __init__(self, stream: TextIO, source: str, log: RunLog) -> None:
        self._stream, self._source, self._log = stream, source, log
        self._begun = ""

    def write(self, text: str) -> int:
        """Write on, and take down the lines that are complete."""
        written = self._stream.write(text)
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._take(line)
        self._begun = self._begun[-CHARACTERS_AT_MOST:]
        return written

    def end(self) -> None:
        """Take down the line that was begun."""
        if self._begun:
            self._take(self._begun)
            self._begun = ""

    def _take(self, line: str) -> None:
        # Of a progress bar, which returns to the start of its line, the last state is kept.
        self._log.line(self._source, line.rstrip("\r").rpartition("\r")[2])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Handler(logging.Handler):
    """Takes down INFO and above of everybody but those that carry the lines."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Take down the message, and the last line of an exception."""
        if record.name.startswith(_CARRIERS):
            return
        try:
            error = record.exc_info[1] if record.exc_info else None
            text = record.getMessage() + (f": {error!r}" if error else "")
        except Exception:
            text = str(record.msg)
        self._log.line("log", text, record.levelname)


@contextlib.contextmanager
def _warnings_to(log: RunLog) -> Iterator[None]:
    # A warning is shown once for each place in the code; leaving and entering this block begins anew, so that
    # each run of a process is warned.
    with warnings.catch_warnings():
        warnings.showwarning = _shower(log, sys.stderr)
        yield


def _shower(log: RunLog, stream: TextIO) -> Callable[..., None]:
    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
        log.line("warning", f"{category.__name__}: {message} ({filename}:{lineno})")
        with contextlib.suppress(OSError, ValueError):
            inner = stream._stream if isinstance(stream, _Tee) else stream
            inner.write(warnings.formatwarning(message, category, filename, lineno))

    return show
