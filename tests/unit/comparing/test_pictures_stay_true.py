"""What makes lines shorter must not make them lie: planted spikes survive grouping, subtraction and thinning."""

from __future__ import annotations

from itertools import product

import holoviews as hv
import numpy as np
import pytest
from bokeh.models import LinearScale, LogScale
from hypothesis import given, settings
from hypothesis import strategies as st

from nntracker_ray.comparing import aggregate, column_places, curve_of, difference_of, smoothed
from nntracker_ray.figures.comparison_lines import (
    Group,
    Look,
    Statistic,
    difference_chart,
    group_chart,
    overlay_chart,
)
from nntracker_ray.figures.drawing import drawn, sources_of
from nntracker_ray.figures.lines import Chart, band_of, line_of

PIXELS = 1_500  # of the widest chart
POINTS = 1_000_000


def curve(values):
    epochs = np.arange(len(values))
    return curve_of("run", epochs, epochs, values, np.full(len(values), "2026-01-01", "datetime64[us]"))


def extremes(x, y, low, high, pixels=PIXELS):
    """Least and greatest finite value of each pixel column that has one."""
    column = np.minimum(((x - low) * (pixels / (high - low))).astype(int), pixels - 1)
    finite = np.isfinite(y)
    least, most = np.full(pixels, np.inf), np.full(pixels, -np.inf)
    np.minimum.at(least, column[finite], y[finite])
    np.maximum.at(most, column[finite], y[finite])
    return least, most


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    spikes=st.lists(st.integers(0, 49_999), max_size=8),
    gaps=st.lists(st.integers(0, 49_999), max_size=8),
    uneven=st.booleans(),
)
def test_every_column_keeps_its_extremes_and_its_gap(seed, spikes, gaps, uneven):
    """Whatever the distances: steps and seconds are not evenly spaced as epochs are."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=50_000)
    y[spikes] = 1e6
    y[gaps] = np.nan
    x = np.cumsum(rng.exponential(size=50_000)) if uneven else np.arange(50_000.0)

    kept = column_places(x, y, 500)

    for ours, whole in zip(
        extremes(x[kept], y[kept], x[0], x[-1], 500), extremes(x, y, x[0], x[-1], 500), strict=True
    ):
        np.testing.assert_array_equal(ours, whole)
    assert len(kept) <= 5 * 500
    if gaps:
        assert np.isnan(y[kept]).any()


@pytest.fixture(scope="module")
def spiky() -> np.ndarray:
    """A million points with single spikes up and down, and lost values."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=POINTS).cumsum() / 1e3
    places = rng.permutation(np.arange(40) * (POINTS // 40) + rng.integers(0, 20_000, 40))
    values[places[:20]] += 50
    values[places[20:30]] -= 50
    values[places[30:]] = np.nan
    return values


def assert_true(line, x, y):
    """The line as drawn has the extremes of every pixel column of (x, y)."""
    for ours, whole in zip(extremes(line.x, line.y, x[0], x[-1]), extremes(x, y, x[0], x[-1]), strict=True):
        np.testing.assert_array_equal(ours, whole)
    assert len(line.x) < 10_000


def test_an_overlaid_line_shows_every_spike_of_a_million_epochs(spiky):
    """A loss that exploded for a single epoch is what one looks for."""
    chart = overlay_chart({"run": curve(spiky)}, "loss")

    (line,) = chart.lines
    assert_true(line, np.arange(POINTS, dtype=float), spiky)
    assert set(np.sort(spiky[np.isfinite(spiky)])[-20:]) <= set(line.y)
    assert set(np.sort(spiky[np.isfinite(spiky)])[:10]) <= set(line.y)
    assert len(line.lost_x) == np.isnan(spiky).sum()
    assert np.isnan(line.y).sum() >= np.isnan(spiky).sum() - 3


def test_the_measured_line_stays_behind_the_smooth_one(spiky):
    """Smoothing is a help for the eye; what was measured remains to be seen."""
    chart = overlay_chart({"run": curve(spiky)}, "loss", Look(smoothing=0.9))

    behind, calm = chart.lines
    assert behind.name == "run as measured"
    assert np.nanmax(behind.y) == np.nanmax(spiky)
    x = np.arange(POINTS, dtype=float)
    kept = column_places(x, smoothed(spiky, 0.9))
    np.testing.assert_array_equal(calm.x, x[kept])


def test_a_group_shows_the_spike_of_one_member(spiky):
    """The greatest of a group is the greatest of any run, and the mean is moved where one exploded."""
    flat = np.zeros(POINTS)
    found = aggregate([curve(spiky), curve(flat), curve(flat)])

    chart = group_chart([Group("all", found)], "loss", [Statistic.MEAN, Statistic.SPREAD, Statistic.RANGE])

    greatest = next(line for line in chart.lines if line.name == "all, greatest")
    mean = next(line for line in chart.lines if line.name == "all")
    assert np.nanmax(greatest.y) == np.nanmax(spiky)
    assert np.nanmax(mean.y) == found.mean.max()
    assert np.nanmax(chart.bands[0].high) == (found.mean + found.std).max()
    lost = next(line for line in chart.lines if line.name == "all, left out")
    assert lost.lost_was == ("1 not finite",) * int(np.isnan(spiky).sum())


def test_a_difference_shows_the_spike_of_either_side(spiky):
    """Two runs that differ in one epoch differ in the picture."""
    found = difference_of([curve(np.zeros(POINTS))], [curve(spiky)])

    line = difference_chart(found, "loss").lines[1]

    assert np.nanmin(line.y) == -np.nanmax(spiky)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_thinned_line_has_the_extremes_of_its_own_columns(seed):
    """The promise for all numbers, on the line that goes to the browser."""
    rng = np.random.default_rng(seed)
    y = rng.standard_cauchy(30_000)
    x = np.arange(30_000.0)

    line = line_of("run", x, y, "#000000")
    band = band_of("run", x, y, y + 1, "#000000")

    for kept_x, kept_y, whole in ((line.x, line.y, y), (band.x, band.low, y), (band.x, band.high, y + 1)):
        for ours, all_of_them in zip(
            extremes(kept_x, kept_y, 0.0, 29_999.0, 1500),
            extremes(x, whole, 0.0, 29_999.0, 1500),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, all_of_them)


def test_hidden_lines_are_not_there_at_all():
    """What is hidden is neither worked out nor sent, and the others keep their colours."""
    curves = {name: curve(np.arange(5.0)) for name in ("a", "b")}

    chart = overlay_chart(curves, "loss", Look(hidden=frozenset({"a"})))

    assert [line.name for line in chart.lines] == ["b"]
    assert chart.lines[0].color == overlay_chart(curves, "loss").lines[1].color


def test_on_a_log_scale_what_is_not_above_zero_is_marked():
    """It has no place on the axis, and leaving it out silently would draw over it."""
    line = line_of("run", np.arange(4.0), np.array([1.0, 0.0, -2.0, 3.0]), "#000000", log=True)

    assert np.isnan(line.y).tolist() == [False, True, True, False]
    assert line.lost_was == ("0", "-2")


def test_crosses_keep_their_height_on_a_log_scale():
    """Their heights are shares of the chart: by a logarithm 0 would be nowhere, and they with it."""
    chart = overlay_chart({"a": curve([1.0, 0.0, 2.0])}, "loss", Look(log=True))
    figure = hv.render(drawn(chart))

    assert isinstance(figure.extra_y_scales["share"], LinearScale)
    assert isinstance(figure.y_scale, LogScale)


def test_a_difference_has_no_log_scale():
    """The scale of another view would take away every epoch at which the left one is less."""
    left, right = curve([1.0, 2.0]), curve([2.0, 1.0])

    chart = difference_chart(difference_of([left], [right]), "loss", Look(log=True))

    assert not chart.log
    assert chart.lines[-1].y.tolist() == [-1.0, 1.0]


def test_a_band_below_zero_is_a_gap_on_a_log_scale():
    """No polygon can go there."""
    x, low, high = np.arange(3.0), np.array([1.0, -3.0, 1.0]), np.array([2.0, -1.0, 2.0])

    xs, ys = band_of("band", x, low, high, "#000000", log=True).polygons

    assert [len(piece) for piece in xs] == [2, 2]
    assert all((piece > 0).all() for piece in ys)


def test_a_point_between_two_gaps_is_a_dot():
    """A line has nothing to draw there."""
    y = np.ones(200)
    y[[49, 51]] = np.nan

    assert line_of("run", np.arange(200.0), y, "#000000").dots[0].tolist() == [50.0]


def test_a_band_ends_at_a_gap_and_begins_behind_it():
    """Nothing is known between."""
    low, high = np.array([0.0, 0, np.nan, 0, 0]), np.array([1.0, 1, 1, 1, 1])

    xs, _ = band_of("run", np.arange(5.0), low, high, "#000000").polygons

    assert [part.tolist() for part in xs] == [[0, 1, 1, 0], [3, 4, 4, 3]]


def test_lines_of_one_name_stay_two_lines():
    """A tag may be called as a line of another tag is."""
    found = aggregate([curve(np.ones(5))])

    chart = group_chart(
        [Group("x", found), Group("x, median", found)], "loss", [Statistic.MEAN, Statistic.MEDIAN]
    )

    assert len({line.name for line in chart.lines}) == len(chart.lines) == 6


def test_what_is_drawn_can_be_changed_in_place():
    """A page sends new columns to the figure that is there: they must be the ones that it has."""
    first, second = curve(np.array([1.0, np.nan, 3.0])), curve(np.array([2.0, 2.0, 4.0]))
    both = [first, second]
    charts = (
        overlay_chart({"a": first, "b": second}, "loss", Look(smoothing=0.5)),
        group_chart([Group("x", aggregate(both), both)], "loss", [*Statistic], Look(log=True)),
        Chart(()),
    )

    for chart, on_page in product(charts, (True, False)):
        figure = hv.render(drawn(chart, on_page=on_page))
        columns = sources_of(chart)
        assert {renderer.name for renderer in figure.renderers} == set(columns)
        for renderer in figure.renderers:
            assert set(renderer.data_source.data) == set(columns[renderer.name])
