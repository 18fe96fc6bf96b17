"""The numbers of comparisons against independent ones, for runs of every age and length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.comparing import (
    Axis,
    Curve,
    aggregate,
    curve_of,
    difference_of,
    extended,
    places_on,
    smoothed,
)
from nntracker_ray.errors import BadInputError

VALUES = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])
RUNS = st.lists(st.dictionaries(st.integers(0, 30), VALUES, max_size=12), max_size=6)


def curve(values, *, epochs=None, run_id="run", steps=None, inherited=0, times=None) -> Curve:
    epochs = np.arange(len(values)) if epochs is None else np.array(epochs)
    steps = (epochs + 1) * 10 if steps is None else np.array(steps)
    times = np.datetime64("2026-01-01", "us") + steps * np.timedelta64(1, "s") if times is None else times
    return curve_of(run_id, epochs, steps, np.array(values, float), times, inherited)


def of_dict(values: dict[int, float]) -> Curve:
    epochs = sorted(values)
    return curve([values[epoch] for epoch in epochs], epochs=epochs)


@given(RUNS)
def test_a_group_is_what_numpy_says_over_the_finite_values_of_each_epoch(runs):
    """Runs that are young, failed or longer than others all count, where they have something to say."""
    found = aggregate([of_dict(values) for values in runs])

    assert found.epochs.tolist() == sorted({epoch for values in runs for epoch in values})
    for place, epoch in enumerate(found.epochs.tolist()):
        there = np.array([values[epoch] for values in runs if epoch in values])
        finite = there[np.isfinite(there)]
        assert (found.count[place], found.lost[place]) == (len(finite), len(there) - len(finite))
        if not len(finite):
            assert np.isnan([found.minimum[place], found.mean[place], found.median[place]]).all()
            continue
        close = {"rtol": 1e-12, "atol": 1e-9}
        np.testing.assert_array_equal(found.minimum[place], finite.min())
        np.testing.assert_array_equal(found.maximum[place], finite.max())
        np.testing.assert_allclose(found.mean[place], finite.mean(), **close)
        np.testing.assert_allclose(found.median[place], np.median(finite), **close)
        expected = finite.std(ddof=1) if len(finite) > 1 else np.nan
        np.testing.assert_allclose(found.std[place], expected, **close)


def test_blocks_of_epochs_join_without_a_seam():
    """Memory is bounded by working in blocks; nobody must see where one ends."""
    rng = np.random.default_rng(0)
    curves = [curve(rng.normal(size=rng.integers(5, 40))) for _ in range(7)]
    whole = aggregate(curves)

    blocks = aggregate(curves, cells_at_once=20)

    for name in ("epochs", "count", "lost", "minimum", "maximum", "mean", "median", "std"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(whole, name))


def test_nothing_in_a_group_is_an_answer_too():
    """A tag whose runs all wait has no numbers, and no error either."""
    assert len(aggregate([]).epochs) == len(aggregate([curve([])]).epochs) == 0


def test_of_several_values_in_an_epoch_the_last_counts():
    """Metrics measured every few steps are compared by what they were at the end of the epoch."""
    one = curve([1.0, 2.0, 3.0], epochs=[0, 0, 1], steps=[5, 10, 20])

    assert aggregate([one]).mean.tolist() == [2.0, 3.0]
    assert len(one.epochs) == 3


def test_points_in_any_order_become_a_curve_and_the_later_reading_counts():
    """A query gives points unsorted, and a page adds what is new to what it has."""
    shuffled = curve([3.0, 1.0, 2.0], epochs=[2, 0, 1])
    longer = extended(shuffled, curve([20.0, 4.0], epochs=[2, 3]))

    assert shuffled.values.tolist() == [1.0, 2.0, 3.0]
    assert longer.epochs.tolist() == [0, 1, 2, 3]
    assert longer.values.tolist() == [1.0, 2.0, 20.0, 4.0]


@given(RUNS.filter(lambda runs: len(runs) >= 2))
def test_a_difference_is_taken_where_both_have_the_epoch(runs):
    """Epochs that one side lacks are counted and not invented."""
    left, right = runs[0], runs[1]

    found = difference_of([of_dict(left)], [of_dict(right)])

    common = sorted(set(left) & set(right))
    assert found.epochs.tolist() == common
    with np.errstate(invalid="ignore"):
        expected = [np.float64(left[epoch]) - np.float64(right[epoch]) for epoch in common]
    np.testing.assert_array_equal(found.values, expected)
    assert (found.only_left, found.only_right) == (len(left) - len(common), len(right) - len(common))


def test_tags_are_subtracted_by_their_means():
    """Whether a change of the model helps is asked of several seeds at once."""
    left, right = [curve([1.0, 2.0]), curve([3.0, 4.0])], [curve([0.5, 0.5])]

    assert difference_of(left, right).values.tolist() == [1.5, 2.5]


def test_a_fresh_reading_replaces_what_was_known_from_its_epoch_on():
    """An epoch that was made anew by a later attempt is not drawn beside its older self."""
    known = curve([1.0, 2.0, 3.0])

    longer = extended(known, curve([20.0, 30.0], epochs=[1, 2], steps=[0, 0]), from_epoch=1)

    assert longer.values.tolist() == [1.0, 20.0, 30.0]


def as_tensorboard_does(values, weight):
    """The loop of TensorBoard's line charts."""
    last, count, smooth = 0.0, 0, []
    for value in values:
        if not np.isfinite(value):
            smooth.append(value)
            continue
        last, count = last * weight + (1 - weight) * value, count + 1
        smooth.append(last / (1 - weight**count))
    return smooth


@given(st.lists(VALUES, max_size=30), st.floats(0.01, 0.99))
def test_smoothing_is_tensorboards(values, weight):
    """People compare with pictures that they have."""
    found = smoothed(np.array(values, float), weight)

    np.testing.assert_allclose(found, as_tensorboard_does(values, weight), rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("weight", [-0.1, 1.0, float("nan")])
def test_a_weight_that_is_none_is_refused(weight):
    """Weight 1 would freeze the line at its first value."""
    with pytest.raises(BadInputError, match="smoothing"):
        smoothed(np.ones(3), weight)


def test_runs_lie_along_epochs_steps_or_seconds_of_training():
    """Which run is better may depend on what one counts."""
    one = curve([1.0, 2.0, 3.0])
    clock = curve([4.0, 8.0, 12.0])

    assert places_on(one, Axis.EPOCH).tolist() == [0, 1, 2]
    assert places_on(one, Axis.STEP).tolist() == [10, 20, 30]
    assert places_on(one, Axis.TIME, clock).tolist() == [4, 8, 12]
    assert places_on(one, Axis.TIME).tolist() == [0, 10, 20]
