"""Reducing what is drawn: pure functions."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nntracker_ray.storage.extremes import evenly_spaced, extreme_places

numbers = arrays("f4", st.integers(0, 300), elements=st.floats(width=32, allow_nan=True, allow_infinity=True))


@given(values=numbers, max_points=st.integers(3, 100))
def test_least_greatest_and_nan_are_among_few_enough_places(values: np.ndarray, max_points: int):
    """A plot that misses the spike, or hides that there is a NaN, misleads."""
    places = extreme_places(values, max_points)

    assert len(places) <= max_points or len(places) == len(values)
    assert list(places) == sorted(set(places.tolist()))
    kept, real = values[places], values[~np.isnan(values)]
    if len(real):
        assert (np.nanmin(kept), np.nanmax(kept)) == (real.min(), real.max())
    assert np.isnan(kept).any() == np.isnan(values).any()


@pytest.mark.parametrize("dtype", [np.int8, bool, np.float16, ml_dtypes.bfloat16])
def test_every_dtype_that_weights_have_can_be_reduced(dtype):
    """Quantised and half-precision layers are drawn too."""
    values = np.array([0, 1] * 50).astype(dtype)

    assert len(extreme_places(values, 10)) <= 10


def test_a_short_array_is_kept_whole():
    """Nothing is lost that could be shown."""
    np.testing.assert_array_equal(extreme_places(np.array([3.0, math.nan, 1.0]), 3), [0, 1, 2])


def test_evenly_spaced_items_have_the_first_and_the_last():
    """The start and the state reached are what one looks for."""
    chosen = evenly_spaced(list(range(100)), 10)

    assert (len(chosen), chosen[0], chosen[-1]) == (10, 0, 99)
    assert evenly_spaced([1, 2], 10) == [1, 2]
