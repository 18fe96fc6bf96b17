"""How much memory this process has used at most, and errors that mean there was not enough."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_REFS: Final = Path("/proc/self/clear_refs")
_PEAK_ONLY: Final = "5"
# TensorFlow's own error is known by name: nothing here may load TensorFlow.
_NAMES: Final = frozenset({"MemoryError", "_ArrayMemoryError", "ResourceExhaustedError", "OutOfMemoryError"})
_SIGNS: Final = ("outofmemory", "out of memory", "memory monitor", "low on memory", "oom-kill")


def begin_peak() -> None:
    """Forget earlier peaks: a worker process trains one run after the other. No effect where the kernel has none."""
    with contextlib.suppress(OSError):
        _REFS.write_text(_PEAK_ONLY)


def peak_rss_bytes() -> int:
    """The most memory this process had resident since `begin_peak`, or since its start, in bytes."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of a training says that memory was not enough."""
    return any(kind.__name__ in _NAMES for kind in type(error).__mro__)


def tells_of_memory(text: str) -> bool:
    """Whether what Ray says of a dead worker says that it was killed for its memory."""
    return any(sign in text.lower() for sign in _SIGNS)


def memory_error(what: str, peak_bytes: int | None) -> str:
    """The error that a run keeps: the word memory, the peak, what happened, what to try."""
    peak = "unknown" if peak_bytes is None else f"{peak_bytes / 2**20:.0f} MiB"
    return (
        f"not enough memory: the peak of its process was {peak}. {what} "
        "Try a smaller batch, a smaller model, or fewer runs at once (resources, max_concurrent)."
    )
