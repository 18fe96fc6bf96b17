"""Curves as inline SVG: no script, no other file, readable by keyboard and screen reader. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 42
COLOURS: Final = 8  # --c0 ... --c7 of the style sheet
MOST_POINTS: Final = 600  # of one series: more do not show on this width


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart."""

    label: str
    x: NDArray[Any]  # epochs, ascending
    y: NDArray[np.float64]  # NaN and infinities leave a gap
    colour: int
    is_dashed: bool = False  # measured on held-out data


@dataclass(frozen=True, slots=True)
class _Scale:
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)


def chart(title: str, series: Sequence[Series]) -> str:
    """An SVG of the lines by epoch; '' when there is no number to draw."""
    scale = _scale(series)
    if scale is None:
        return ""
    lines = "".join(_line(one, scale) for one in series)
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg {view} role="img" aria-label="{escape(title)} by epoch">'
        f"{''.join(_grid(scale))}{lines}</svg></figure>"
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, `most` at most.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / max(1, most - 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _scale(series: Sequence[Series]) -> _Scale | None:
    x = np.concatenate([np.asarray(one.x, np.float64) for one in series] or [np.empty(0)])
    y = np.concatenate([one.y for one in series] or [np.empty(0)])
    y = y[np.isfinite(y) & (np.abs(y) < 1e150)]
    if not len(y):
        return None
    x_low, x_high = float(x.min()), float(x.max())
    y_low, y_high = float(y.min()), float(y.max())
    room = (y_high - y_low) * 0.04 or max(abs(y_low) * 0.05, 1e-12)
    return _Scale(x_low, x_high if x_high > x_low else x_low + 1, y_low - room, y_high + room)


def _grid(scale: _Scale) -> Iterator[str]:
    for value in ticks(scale.y_low, scale.y_high):
        y = scale.y(value)
        yield f'<path class="g" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="t e" x="{LEFT - 6}" y="{y + 4:.1f}">{value:.4g}</text>'
    for value in ticks(scale.x_low, scale.x_high, 9):
        if value == int(value):
            x = scale.x(value)
            yield f'<text class="t m" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}">{value:.0f}</text>'
    yield f'<text class="t m" x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 4}">epoch</text>'


def _line(series: Series, scale: _Scale) -> str:
    x, y = _thinned(series)
    parts, is_open = [], False
    crosses = []
    for epoch, value in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(value) or abs(value) >= 1e150:
            is_open = False
            crosses.append(_cross(scale.x(epoch), at_top=value > 0))
            continue
        parts.append(f"{'L' if is_open else 'M'}{scale.x(epoch):.1f} {scale.y(value):.1f}")
        is_open = True
    dots = _dot(x, y, scale) if len(x) == 1 else ""
    dashed = " d" if series.is_dashed else ""
    return (
        f'<g class="s{dashed}" style="--c:var(--c{series.colour % COLOURS})"><title>{escape(series.label)}</title>'
        f'<path d="{"".join(parts)}"/>{"".join(crosses)}{dots}</g>'
    )


def _thinned(series: Series) -> tuple[NDArray[Any], NDArray[np.float64]]:
    if len(series.y) <= MOST_POINTS:
        return series.x, series.y
    # Loads HoloViews, which few reports need.
    from nntracker_ray.figures.reduction import keep_extremes

    return keep_extremes(series.x, series.y, MOST_POINTS)


def _cross(x: float, *, at_top: bool) -> str:
    y = TOP + 5 if at_top else HEIGHT - BOTTOM - 5
    return f'<path class="x" d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8"/>'


def _dot(x: NDArray[Any], y: NDArray[np.float64], scale: _Scale) -> str:
    if not math.isfinite(y[0]):
        return ""
    return f'<circle cx="{scale.x(float(x[0])):.1f}" cy="{scale.y(float(y[0])):.1f}" r="3"/>'
