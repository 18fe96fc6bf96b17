"""Since when something has answered without a break. Pure: time is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Answering:
    """Counts how long every look has found an answer; a look that is late counts as none.

    A database that was away has heard no heartbeat, and a manager that slept has seen none: neither says
    anything about a trainer.
    """

    longest_gap_s: float  # between two looks
    _since_s: float | None = None
    _last_s: float = 0.0

    def answered(self, *, now_s: float) -> float:
        """Note an answer. Returns for how many seconds there has been no break."""
        if self._since_s is None or now_s - self._last_s > self.longest_gap_s:
            self._since_s = now_s
        self._last_s = now_s
        return now_s - self._since_s

    def was_away(self) -> None:
        """Note that there was no answer."""
        self._since_s = None
