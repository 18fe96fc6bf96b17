"""Where the values of a parameter stand between the foot and the head of an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntracker_ray.comparing.curves import Floats
from nntracker_ray.records import JsonValue

LOG_FROM_RATIO = 20.0  # numbers that differ so many times are laid out by their logarithm
NO_VALUE = "none"
TICKS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """An axis: where each value stands on it, 0 the foot and 1 the head, and its ticks."""

    heights: Floats  # (n,); nan for a number that is not finite
    ticks: tuple[tuple[float, str], ...]  # (height, what stands there), ascending
    is_number: bool
    is_log: bool = False


def scale_of(values: Sequence[JsonValue], *, is_log: bool | None = None) -> Scale:
    """Numbers by size, other values side by side in order of their names.

    Args:
        values: (n,), None for a run that has none: then all are names.
        is_log: Whether numbers stand by their logarithm; None: where all are positive and differ 20 times.
    """
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values) and numbers:
        return _numeric(np.asarray(numbers, np.float64), is_log)
    return _named([NO_VALUE if value is None else str(value) for value in values])


def _named(words: Sequence[str]) -> Scale:
    known = sorted(set(words))
    step = 1 / max(1, len(known) - 1)
    height = {word: place * step if len(known) > 1 else 0.5 for place, word in enumerate(known)}
    return Scale(
        np.array([height[word] for word in words]), tuple((height[w], w) for w in known), is_number=False
    )


def _numeric(values: Floats, is_log: bool | None) -> Scale:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Scale(np.full(len(values), np.nan), (), is_number=True)
    positive = bool((finite > 0).all())
    log = positive and (finite.max() / finite.min() >= LOG_FROM_RATIO if is_log is None else is_log)
    with np.errstate(invalid="ignore", divide="ignore"):
        laid_out = np.log10(values) if log else values
    low, high = (math.log10(v) if log else float(v) for v in (finite.min(), finite.max()))
    heights = np.where(np.isfinite(laid_out), (laid_out - low) / (high - low) if high > low else 0.5, np.nan)
    return Scale(heights, _ticks(finite, low, high, log=log), is_number=True, is_log=log)


def _ticks(values: Floats, low: float, high: float, *, log: bool) -> tuple[tuple[float, str], ...]:
    if high == low:
        return ((0.5, f"{values[0]:.4g}"),)
    known = np.unique(values)
    marks = known if len(known) <= TICKS else None
    at = (np.log10(marks) if log else marks) if marks is not None else np.linspace(low, high, TICKS)
    shown = marks if marks is not None else (10.0**at if log else at)
    heights = (np.asarray(at) - low) / (high - low)
    return tuple((float(h), f"{value:.4g}") for h, value in zip(heights, shown, strict=True))
