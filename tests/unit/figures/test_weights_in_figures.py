"""Weights over epochs: histograms that can be laid beside each other, and points that turn smoothly."""

import json

import holoviews as hv
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntracker_ray.errors import BadInputError
from nntracker_ray.figures import histogram_bars, histogram_map, weights_scatter
from nntracker_ray.histograms import histograms_over_epochs

ARRAYS = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32, allow_nan=True))


def of(*arrays, bins: int = 10):
    return histograms_over_epochs(lambda: list(enumerate(arrays)), bins=bins)


@given(st.lists(ARRAYS, min_size=1, max_size=5), st.integers(1, 30))
def test_no_value_is_lost(arrays, bins):
    """Every value is in one bin, or counted as not finite."""
    found = of(*arrays, bins=bins)

    sizes = [array.size for array in arrays]
    assert (found.counts.sum(axis=1) + found.not_finite).tolist() == sizes
    assert (np.diff(found.edges) > 0).all() or np.isfinite(found.edges).all()


def test_counts_are_those_of_numpy():
    """The reference that everybody knows."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 1000), rng.normal(2, 3, 1000)

    found = of(first, second, bins=20)

    least, greatest = min(first.min(), second.min()), max(first.max(), second.max())
    for row, array in zip(found.counts, (first, second), strict=True):
        assert row.tolist() == np.histogram(array, 20, (least, greatest))[0].tolist()


def test_bins_are_the_same_at_every_epoch():
    """Else a heat map over epochs would compare what cannot be compared."""
    found = of(np.zeros(3), np.array([5.0, 10.0, 5.0]))

    assert (found.edges[0], found.edges[-1]) == (0.0, 10.0)
    assert found.counts[0].tolist() == [3, *[0] * 9]


def test_exotic_floats_and_lost_values_are_counted():
    """bfloat16 is what graphics cards train with; a NaN in it is the news."""
    array = np.array([1.0, np.nan, 3.0, np.inf], ml_dtypes.bfloat16)

    found = of(array, bins=2)

    assert found.counts.tolist() == [[1, 1]]
    assert found.not_finite.tolist() == [2]


def test_one_value_and_no_value_have_a_picture_too():
    """Biases begin as zeros; a broken layer is all NaN."""
    assert of(np.zeros(4), bins=3).counts.sum() == 4
    assert of(np.full(4, np.nan), bins=3).not_finite.tolist() == [4]


@pytest.mark.parametrize("bins", [0, 513])
def test_bins_have_bounds(bins):
    """A number from an address must not ask for gigabytes."""
    with pytest.raises(BadInputError, match="1 to 512"):
        of(np.ones(2), bins=bins)


def test_the_heat_map_marks_epochs_with_lost_values():
    """An epoch that went wrong must be seen among a hundred."""
    found = of(np.array([1.0, 2.0]), np.array([np.nan, 1.5]))

    figure = hv.render(histogram_map(found, name="dense / kernel"))

    crosses = figure.renderers[-1].data_source.data
    assert crosses["epoch"].tolist() == [1]


def test_bars_of_an_epoch_share_their_height():
    """Stepping through epochs, one compares heights."""
    found = of(np.zeros(4), np.array([0.0, 1.0, 2.0, 3.0]), bins=4)

    figures = [hv.render(histogram_bars(found, epoch, name="dense / kernel")) for epoch in (0, 1)]

    assert {figure.y_range.end for figure in figures} == {4 * 1.04}


def test_points_that_are_not_finite_are_crosses_at_the_floor():
    """Plotly would leave them out without a word."""
    columns = {"epoch": [0, 0, 1], "index": [0, 1, 0], "value": [0.5, np.nan, -0.5]}

    figure = weights_scatter(columns, name="dense / kernel", size=2)

    points, crosses = figure["data"]
    assert points["z"].tolist() == [0.5, -0.5]
    assert (crosses["x"].tolist(), crosses["z"].tolist()) == ([1], [-0.5])
    assert crosses["text"] == ["nan"]


def test_the_figure_is_plain_data():
    """It travels as bytes and JSON; a notebook hands it to Plotly as it is."""
    figure = weights_scatter({"epoch": [0], "index": [0], "value": [1.0]}, name="a", size=1)

    assert json.dumps(figure, default=lambda array: array.tolist())
