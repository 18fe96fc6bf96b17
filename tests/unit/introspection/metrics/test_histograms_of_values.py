"""Histograms against numpy.histogram, count for count."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_kit import DTYPES, random_array, run_metric, wide

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.histograms import ValueHistogram

# Few different numbers meet the edges of bins; many do not.
ON_EDGES = st.integers(-60, 60).map(lambda whole: whole / 4)
ANYWHERE = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_counts_and_edges_are_those_of_numpy_for_every_dtype(dtype, way):
    """30 bins from the least to the greatest value."""
    array = random_array((50, 40), dtype)

    histogram = run_metric(ValueHistogram(), array, way=way)["histogram"]

    counts, edges = np.histogram(wide(array), bins=30)
    np.testing.assert_array_equal(histogram.counts, counts)
    np.testing.assert_array_equal(histogram.edges, edges)
    assert (histogram.counts.dtype, histogram.edges.dtype) == (np.int64, np.float64)


TINY = np.finfo(np.float32).tiny
NARROW = [np.float32, np.float16, tf.bfloat16.as_numpy_dtype]
SHADES = st.integers(0, 255).map(lambda whole: whole / 255)  # of pictures
OFF_CENTRE = st.floats(999.0, 1001.0, width=32)


def _coarse(dtype):
    """Arrays of numbers that lie far apart, as half precision has them."""
    return arrays(np.float32, st.integers(2, 200), elements=ON_EDGES).map(lambda array: array.astype(dtype))


@given(
    arrays(np.float32, st.integers(2, 200), elements=ON_EDGES | ANYWHERE)
    | arrays(np.float32, st.integers(2, 200), elements=SHADES)
    | arrays(np.float32, st.integers(2, 200), elements=OFF_CENTRE)
    | st.sampled_from(NARROW).flatmap(_coarse),
    st.sampled_from([1, 2, 5, 30, 64, 512]),
)
def test_every_value_is_counted_where_numpy_counts_it(array, bins):
    """Values on an edge belong to the bin above it, the greatest one to the last; so do those beside an edge."""
    if wide(array).max() - wide(array).min() <= 1e-12 * np.abs(wide(array)).max():
        array[0] += 1.0 + abs(array[0])

    histogram = run_metric(ValueHistogram(bins=bins), array)["histogram"]

    counts, edges = np.histogram(wide(array), bins=bins)
    np.testing.assert_array_equal(histogram.edges, edges)
    np.testing.assert_array_equal(histogram.counts, counts)


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("bins", [3, 10, 30, 49])
def test_the_numbers_next_to_an_edge_are_counted_where_numpy_counts_them(bins, shift):
    """Dividing rounds, and so do edges: the numbers nearest to them are the ones that could go astray."""
    for least, greatest in ((-1.0, 1.0), (0.0, 3.0), (-0.3, 0.1), (1e6, 1e6 + 9), (-1e-30, 7e-30)):
        ends = np.array([least, greatest], np.float32)
        inner = np.linspace(*ends.astype(np.float64), bins + 1)[1:-1].astype(np.float32)
        near = np.nextafter(inner, np.float32(shift * np.inf)) if shift else inner
        near[np.abs(near) < TINY] = shift * TINY  # TensorFlow takes what is smaller for 0
        array = np.concatenate([ends, near])

        histogram = run_metric(ValueHistogram(bins=bins), array)["histogram"]

        np.testing.assert_array_equal(histogram.counts, np.histogram(wide(array), bins=bins)[0])


def test_what_is_not_finite_is_counted_apart(way):
    """One NaN must not take the picture of the rest away, nor go unnoticed."""
    array = np.array([0.0, 1.0, np.nan, np.inf, -np.inf, 1.0], np.float32)

    found = run_metric(ValueHistogram(bins=4), array, way=way)

    assert found["histogram"].counts.tolist() == [1, 0, 0, 2]
    assert found["histogram"].edges.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found["histogram_not_finite"] == 3.0


def test_nothing_is_said_of_infinities_where_there_are_none():
    """A row of zeros for every array would be noise."""
    assert list(run_metric(ValueHistogram(), np.arange(5.0))) == ["histogram"]


@pytest.mark.parametrize(
    ("values", "edges", "counts"),
    [
        ([], [-1.0, 0.0, 1.0], [0, 0]),
        ([np.nan], [-1.0, 0.0, 1.0], [0, 0]),
        ([0.0, 0.0], [-1.0, 0.0, 1.0], [0, 2]),
        ([2.0], [1.98, 2.0, 2.02], [0, 1]),
        ([-2.0, -2.0], [-2.02, -2.0, -1.98], [0, 2]),
        ([1.0, 1.0 + 2**-50], [0.99, 1.0, 1.01], [1, 1]),
        ([-1.7e308, 1.7e308], [-1.7e308, 0.0, 1.7e308], [1, 1]),
    ],
    ids=["nothing", "nothing_finite", "zeros", "one", "alike", "all_but_alike", "whole_range"],
)
def test_there_are_bins_even_where_the_values_have_no_range(values, edges, counts, way):
    """A new bias is all zeros, and its histogram is to stand beside the later ones."""
    histogram = run_metric(ValueHistogram(bins=2), np.array(values, np.float64), way=way)["histogram"]

    np.testing.assert_allclose(histogram.edges, edges, rtol=1e-12)
    assert histogram.counts.tolist() == counts


@pytest.mark.parametrize("bins", [0, 513, 2.5, "many", True])
def test_bins_that_cannot_be_are_refused(bins):
    """As many as histograms of whole runs may have."""
    with pytest.raises(BadInputError, match=r"bins is .*; it must be a whole number from 1 to 512"):
        ValueHistogram(bins=bins)
