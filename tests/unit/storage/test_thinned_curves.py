"""Fewer points of many series at once: the truth of each stays, and what was left out is said."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.storage.metric_queries import thinned_curves
from nntracker_ray.storage.tables import Columns

values = st.lists(st.floats(width=32), min_size=1, max_size=60)


def curves(series: list[list[float]]) -> Columns:
    """Series of one metric, a layer each."""
    layers = np.repeat(
        np.array([f"layer_{n:02}" for n in range(len(series))], object), [len(one) for one in series]
    )
    joined = np.concatenate([np.empty(0), *map(np.asarray, series)])
    steps = np.concatenate([np.empty(0, int), *(np.arange(len(one)) for one in series)])
    names = {"metric": np.full(len(joined), "mean", object), "layer": layers}
    return {**names, "tensor": np.full(len(joined), "", object), "step": steps, "value": joined}


@given(st.lists(values, max_size=4), st.integers(3, 20))
def test_extremes_stay_and_their_number_is_said(series: list[list[float]], max_points: int):
    """A spike that is not drawn has not happened, to whoever looks."""
    found = thinned_curves(curves(series), max_points)

    for place, numbers in enumerate(map(np.asarray, series)):
        of_series = found["layer"] == f"layer_{place:02}"
        kept = np.asarray(found["value"])[of_series]
        assert len(kept) <= max_points
        np.testing.assert_array_equal(kept, numbers[np.asarray(found["step"])[of_series].astype(int)])
        assert set(np.asarray(found["points"])[of_series]) == {len(numbers)}
        finite = numbers[~np.isnan(numbers)]
        if len(finite):
            assert (np.nanmin(kept), np.nanmax(kept)) == (finite.min(), finite.max())
        assert np.isnan(kept).any() == np.isnan(numbers).any()
