"""How long to wait before the next try: ever longer, within bounds. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Waits of 0.2, 0.4, 0.8, ... seconds, at most 30."""

    count: int = 0  # waits asked for so far
    first_s: float = 0.2
    most_s: float = 30.0

    def next_s(self) -> float:
        """The next wait, in seconds."""
        wait_s = min(self.most_s, self.first_s * 2.0**self.count)
        self.count += 1
        return wait_s
