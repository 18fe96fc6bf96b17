"""How much memory this process has used at most, and errors that mean there was not enough."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nntracker_ray.causes import causes

_STATUS: Final = Path("/proc/self/status")
_REFS: Final = Path("/proc/self/clear_refs")
_AT_ONCE_S: Final = 10.0  # deaths so close together have one cause
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
    kinds = (kind for cause in causes(error) for kind in type(cause).__mro__)
    return any(kind.__name__ in _NAMES for kind in kinds)


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


@dataclass(slots=True)
class MemoryDeaths:
    """Who is to blame when a node ran out of memory and several processes were ended at once. Pure."""

    _dead: list[tuple[float, int]] = field(default_factory=list)  # moment in seconds, peak in bytes

    def is_to_blame(self, peak_bytes: int, others: Sequence[int], *, now_s: float) -> bool:
        """Whether no other process had a larger peak: it would take as much again.

        Args:
            peak_bytes: Of the process that died; 0 when unknown.
            others: Peaks of those still at work.
        """
        self._dead = [(at_s, peak) for at_s, peak in self._dead if now_s - at_s < _AT_ONCE_S]
        largest = max([*others, *(peak for _, peak in self._dead)], default=0)
        self._dead.append((now_s, peak_bytes))
        return peak_bytes >= largest
