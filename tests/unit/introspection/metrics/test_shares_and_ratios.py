"""Shares of zero, dead and saturated values, and ratios of two topics, against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from metric_kit import DTYPES, EXACT, message, random_array, run_metric, wide

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection import Topic
from nntracker_ray.introspection.metrics.over_layers import MeanOverLayers
from nntracker_ray.introspection.metrics.ratios import Ratio
from nntracker_ray.introspection.metrics.shares import DeadShare, SaturatedShare, ZeroShare

SPARSE = st.sampled_from([0.0, -0.0, 0.0, 0.5, -1.0, 0.995, -0.995])


def dead_units(array: np.ndarray) -> float:
    columns = wide(array).reshape(-1, array.shape[-1] if array.ndim > 1 else 1).T
    return sum(not column.any() for column in columns) / len(columns)


@given(arrays(np.float32, array_shapes(max_dims=4, max_side=5), elements=SPARSE))
def test_shares_are_what_one_counts(array):
    """-0.0 is 0, a unit is a place on the last axis."""
    values = [float(value) for value in array.ravel()]

    zero = run_metric(ZeroShare(), array)["zero_share"]
    saturated = run_metric(SaturatedShare(), array)["saturated_share"]

    assert zero == pytest.approx(sum(value == 0 for value in values) / len(values), rel=1e-12)
    assert saturated == pytest.approx(sum(abs(value) > 0.99 for value in values) / len(values), rel=1e-12)
    assert run_metric(DeadShare(), array)["dead_share"] == pytest.approx(dead_units(array), rel=1e-12)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_shares_are_had_of_every_dtype_and_way(dtype, way):
    """Activations of mixed precision are of half of it."""
    array = np.maximum(random_array((6, 5, 5, 8), dtype), 0)
    array[..., 2] = 0

    assert run_metric(DeadShare(), array, way=way)["dead_share"] == 1 / 8
    assert run_metric(ZeroShare(), array, way=way)["zero_share"] == pytest.approx(
        (array == 0).mean(), rel=1e-12
    )
    share = run_metric(SaturatedShare(threshold=2), array, way=way)["saturated_share"]
    assert share == pytest.approx((wide(array) > 2).mean(), rel=1e-12)


def test_both_ends_of_a_sigmoid_can_be_counted():
    """It lies between 0 and 1, and has no slope near either."""
    array = np.array([0.001, 0.3, 0.999, 0.5], np.float32)

    assert run_metric(SaturatedShare(low=0.01), array) == {"saturated_share": 0.5}


def test_shares_of_an_empty_batch_are_nan_and_nan_is_not_zero(way):
    """Nothing is not "none of them"; and a NaN is neither dead nor saturated."""
    nothing, broken = np.zeros((0, 4), np.float32), np.array([[np.nan, 0.0], [np.inf, 0.0]], np.float32)

    for metric in (ZeroShare(), DeadShare(), SaturatedShare()):
        (share,) = run_metric(metric, nothing, way=way).values()
        assert np.isnan(share)
    assert run_metric(ZeroShare(), broken, way=way) == {"zero_share": 0.5}
    assert run_metric(DeadShare(), broken, way=way) == {"dead_share": 0.5}
    assert run_metric(SaturatedShare(), broken, way=way) == {"saturated_share": 0.25}


def test_a_low_end_above_the_high_one_is_refused():
    """Every value would be saturated."""
    with pytest.raises(BadInputError, match="low is 2; it must not be above threshold, 1"):
        SaturatedShare(low=2, threshold=1)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_the_update_ratio_is_that_of_the_l2_norms(dtype, way):
    """Near 1e-3 a step is what one hopes for."""
    update, weights = random_array((30, 10), dtype, seed=1), random_array((30, 10), dtype, seed=2)

    found = run_metric(Ratio(), update, weights, way=way)

    expected = np.linalg.norm(wide(update)) / np.linalg.norm(wide(weights))
    assert list(found) == ["update_ratio"]
    np.testing.assert_allclose(found["update_ratio"], expected, **EXACT)


@pytest.mark.parametrize(
    ("above", "below", "ratio"), [(1.0, 0.0, np.inf), (0.0, 0.0, np.nan), (0.0, 2.0, 0.0)]
)
def test_a_ratio_to_nothing_is_infinite_or_undefined(above, below, ratio):
    """New biases are all zeros."""
    metric = Ratio(topics=(Topic.BIAS_UPDATES, Topic.BIASES))

    np.testing.assert_equal(run_metric(metric, np.full(3, above), np.full(3, below)), {"ratio": ratio})


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        (["weights"], "2 different topics"),
        (["weights", "weights"], "different names"),
        (["weights", "weight_update"], "unknown topic 'weight_update'.*Did you mean 'weight_updates'"),
        (["weights", "biases"], "never of the same array or call"),
        (["activations", "weights", "biases"], "2 different topics"),
        (["activations", "weights"], "never of the same array or call"),
        ([], "different names"),
        (7, "different names"),
    ],
    ids=["one", "twice", "misspelt", "two_arrays", "three", "array_and_call", "none", "number"],
)
def test_topics_that_cannot_meet_are_refused(topics, words):
    """Such a ratio would wait for its second half for ever."""
    with pytest.raises(BadInputError, match=words):
        Ratio(topics=topics)


def test_topics_of_a_step_meet_every_layer():
    """A layer's outputs by the network's inputs: how much it swells what comes in."""
    assert Ratio(topics=["activations", "inputs"]).key == "ratio"


def test_the_mean_over_layers_is_that_of_the_step():
    """One line for a network, whatever its depth."""
    metric = MeanOverLayers(of=["weights/mean", "weight_gradients/norm", "weights/sum"])

    came = {
        "weights/mean": {("a", "kernel"): np.float64(1.0), ("b", "kernel"): np.float64(4.0)},
        "weight_gradients/norm": {("a", "kernel"): 1.0, ("b", "kernel"): np.nan},
        "weights/sum": {},
    }

    found = metric.measure(message(came))

    assert metric.topics == ("weights/mean", "weight_gradients/norm", "weights/sum")
    np.testing.assert_equal(
        found, {"weights/mean_over_layers": 2.5, "weight_gradients/norm_over_layers": np.nan}
    )


@pytest.mark.parametrize("of", [[], [""], ["a", "a"], 3, None])
def test_a_mean_over_layers_wants_to_know_of_what(of):
    """There is no metric of which everybody wants it."""
    with pytest.raises(BadInputError, match=r"of is .*; it must be a list of different names"):
        MeanOverLayers(of=of)
