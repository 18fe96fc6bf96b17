"""How values become shades or heights: as they are, or by a logarithm that takes both signs and zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DECADES = 100.0  # values that are so many times as large as others are seen by their logarithm only
MOST_TICKS = 7
LEAST_SHARE = 1e-9  # of the greatest size: what is smaller counts as nothing where signs meet


class Scale(StrEnum):
    """How a person wants values to be laid out."""

    AUTO = "auto"  # by their logarithm where they span decades
    LINEAR = "linear"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class ValueScale:
    """A scale that fits some values."""

    low: float  # least finite value
    high: float  # greatest
    is_log: bool = False
    small: float = 0.0  # of a logarithm of both signs: what lies between -small and small is near the middle

    @property
    def has_signs(self) -> bool:
        """Whether values lie on both sides of zero, so that zero is the middle."""
        return self.low < 0 < self.high

    @property
    def limits(self) -> tuple[float, float]:
        """The shades of its ends; zero is halfway where there are both signs."""
        low, high = (float(end) for end in self.shades(np.array([self.low, self.high])))
        if self.has_signs:
            most = max(-low, high)
            return -most, most
        around = max(0.5, abs(low) * 1e-3)
        return (low, high) if low < high else (low - around, high + around)

    def shades(self, values: Any) -> Floats:
        """Where values lie: themselves, log10 of what is positive, or sign(v) log10(1 + |v| / small)."""
        given = np.asarray(values, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if not self.is_log:
                return given
            if not self.small:
                return np.log10(given)
            return np.sign(given) * np.log10(1 + np.abs(given) / self.small)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Shade and word of each mark of a logarithmic scale: powers of ten, and zero; () for a linear one."""
        if not self.is_log:
            return ()
        powers = self._powers()
        chosen = [value for sign in (-1.0, 1.0) for value in sign * powers if self.low <= value <= self.high]
        if not chosen:
            chosen = [self.low, self.high]
        values = sorted({*chosen, *([0.0] if self.small and self.low <= 0 <= self.high else [])})
        return tuple((float(self.shades(value)), tick_word(value)) for value in values)

    def _powers(self) -> Floats:
        most = max(abs(self.low), abs(self.high))
        least = self.small or self.low
        first, last = int(np.ceil(np.log10(least) - 1e-9)), int(np.floor(np.log10(most) + 1e-9))
        sides = 2 if self.has_signs else 1
        every = max(1, -(-(last - first + 1) * sides // MOST_TICKS))
        return 10.0 ** np.arange(last, first - 1, -every, dtype=np.float64)


def scale_for(values: Any, wanted: Scale = Scale.AUTO) -> ValueScale:
    """The scale for these values, of which only the finite ones count.

    A logarithm begins at the least value where all are positive; otherwise at a size that one value in twenty stays
    below, so that one that happens to be near zero does not take all the room.
    """
    given = np.asarray(values, np.float64)
    finite = given[np.isfinite(given)]
    sizes = np.abs(finite[finite != 0])
    if not len(finite):
        return ValueScale(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if wanted is Scale.LINEAR or not len(sizes):
        return ValueScale(low, high)
    most = float(sizes.max())
    is_positive = low > 0
    small = (
        low if is_positive else max(float(np.quantile(sizes, 0.05)), most * LEAST_SHARE, np.finfo(float).tiny)
    )
    if wanted is Scale.AUTO and most / small < DECADES:
        return ValueScale(low, high)
    return ValueScale(low, high, is_log=True, small=0.0 if is_positive else small)


def tick_word(value: float) -> str:
    """
    >>> tick_word(0.001), tick_word(1e-5), tick_word(-1e6), tick_word(0.0)
    ('0.001', '1e-5', '-1e6', '0')
    """
    mantissa, mark, power = f"{value:.3g}".partition("e")
    return f"{mantissa}e{int(power)}" if mark else mantissa
