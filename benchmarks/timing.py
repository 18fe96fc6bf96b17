"""Measuring two ways of doing one thing in turn, so that a drifting machine touches both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def interleaved(
    first: Callable[[], object], second: Callable[[], object], *, rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of each, A B B A A B ..., after one round that is thrown away."""
    first_s: list[float] = []
    second_s: list[float] = []
    for number in range(rounds + 1):
        pair = [(first, first_s), (second, second_s)]
        for action, times in pair if number % 2 else reversed(pair):
            times.append(seconds(action))
    return first_s[1:], second_s[1:]


def ratio(numerators: list[float], denominators: list[float]) -> float:
    """Median of the pairwise ratios."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def spread(times: list[float], *, unit: float = 1.0) -> str:
    """Median and range: "12.1 (11.8-13.0)"."""
    shown = [t * unit for t in times]
    return f"{statistics.median(shown):.3g} ({min(shown):.3g}-{max(shown):.3g})"
