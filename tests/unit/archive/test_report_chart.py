"""The curves of a report."""

import numpy as np
import pytest

from nntracker_ray.archive.report_chart import Series, chart, ticks


def line(*values: float, label: str = "run") -> Series:
    return Series(label, np.arange(len(values)), np.array(values, float), 0)


def test_a_gap_is_a_gap_and_marked():
    """A line drawn across a NaN would claim what nobody has measured."""
    drawn = chart("loss", [line(1.0, float("nan"), 0.5, 0.4)])

    path = drawn.split('<path d="')[1].split('"')[0]
    assert path.count("M") == 2
    assert drawn.count('class="x"') == 1


def test_nothing_is_drawn_of_nothing():
    """An empty chart would look like a measurement of zero."""
    assert chart("loss", [line(float("nan"))]) == ""
    assert chart("loss", []) == ""


def test_labels_are_words_never_markup():
    """Names of runs are other people's words."""
    drawn = chart("a<b", [line(1.0, 2.0, label='<img src=x onerror="x">')])

    assert "<img" not in drawn
    assert "a&lt;b" in drawn


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.0, 1e-9), (-5.0, 5e8), (1e20, 1.1e20), (0.3333, 0.3334), (0, 1)]
)
def test_ticks_are_few_and_inside(low, high):
    """Numbers at the axis must be readable, whatever was measured."""
    found = ticks(low, high)

    room = (high - low) * 1e-6
    assert 2 <= len(found) <= 8
    assert all(low - room <= value <= high + room for value in found)


def test_a_long_series_keeps_its_extremes():
    """Thinning that hides the one bad epoch hides the result."""
    values = np.full(5000, 0.5)
    values[1234] = 9.0

    drawn = chart("loss", [Series("run", np.arange(5000), values, 0)])

    assert len(drawn) < 60_000
    assert f"L{58 + 1234 / 4999 * 570:.1f} " in drawn
