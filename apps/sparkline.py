"""A curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

HEIGHTS = "▁▂▃▄▅▆▇█"
LOST = "!"  # where a value is not finite


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The values from left to right; with more than `width`, the last of each stretch, and the last of all.

    >>> sparkline([0.0, 1.0, 2.0, float("nan"), 7.0])
    '▁▂▃!█'
    >>> sparkline([])
    ''
    """
    shown = _thinned(values, width)
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return LOST * len(shown)
    low, high = min(finite), max(finite)
    return "".join(_character(value, low, high) for value in shown)


def _thinned(values: Sequence[float], width: int) -> Sequence[float]:
    if len(values) <= width:
        return values
    return [values[(place + 1) * len(values) // width - 1] for place in range(width)]


def _character(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return LOST
    # Halved first: the span of two huge floats may itself be infinite.
    span = high / 2 - low / 2
    share = (value / 2 - low / 2) / span if span else 0.0
    return HEIGHTS[round(share * (len(HEIGHTS) - 1))]
