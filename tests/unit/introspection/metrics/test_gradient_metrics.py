"""Cosine of successive gradients and gradient noise scale, where the truth is known."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from metric_kit import DTYPES, EXACT, ask, message, random_array, run_metric, wide
from surfaces import LinearRegression, NoisyGradients

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.gradients import GradientCosine
from nntracker_ray.introspection.metrics.noise_scale import GradientNoiseScale


@pytest.mark.parametrize("dtype", DTYPES[:4], ids=lambda dtype: np.dtype(dtype).name)
def test_the_cosine_is_that_with_the_look_before(dtype, way):
    """Of each array with itself; the first look has nothing to compare with."""
    metric, looks = GradientCosine(), [random_array((4, 3, 5), dtype, seed=seed) for seed in range(3)]

    found = [run_metric(metric, gradient, way=way) for gradient in looks]
    other = run_metric(metric, looks[0], layer="another", way=way)

    assert found[0] == other == {}
    for place in (1, 2):
        here, before = wide(looks[place]).ravel(), wide(looks[place - 1]).ravel()
        expected = here @ before / np.linalg.norm(here) / np.linalg.norm(before)
        np.testing.assert_allclose(found[place]["cosine"], expected, **EXACT)


@pytest.mark.parametrize(
    ("before", "now", "cosine"),
    [
        ([1.0, 2.0], [2.0, 4.0], 1.0),
        ([1.0, 2.0], [-0.1, -0.2], -1.0),
        ([1.0, 0.0], [0.0, 5.0], 0.0),
        ([0.0, 0.0], [1.0, 1.0], np.nan),
        ([np.nan, 0.0], [1.0, 1.0], np.nan),
        ([1e38, 1e38], [1e38, 1e38], 1.0),
    ],
    ids=["same", "opposite", "right_angle", "zero", "nan", "huge"],
)
def test_directions_count_and_lengths_do_not(before, now, cosine):
    """And a gradient without a direction has no angle."""
    metric = GradientCosine(topics=["bias_gradients"])
    run_metric(metric, np.array(before, np.float32))

    found = run_metric(metric, np.array(now, np.float32))

    np.testing.assert_allclose(found["cosine"], cosine, **EXACT, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16], ids=["float32", "bfloat16"])
def test_a_run_that_was_paused_has_the_same_cosines(dtype):
    """What it needs of the last look goes through the checkpoint."""
    first, second = GradientCosine(), GradientCosine()
    looks = [random_array((4, 3), dtype, seed=seed) for seed in range(2)]
    run_metric(first, looks[0])

    second.remember(first.memory())

    assert list(first.memory()) == ["dense/kernel"]
    assert run_metric(second, looks[1]) == run_metric(first, looks[1])


def test_the_cosine_of_anything_but_gradients_is_refused():
    """Of weights it is always about 1."""
    with pytest.raises(
        BadInputError, match="unknown topic 'weights'; known: weight_gradients, bias_gradients"
    ):
        GradientCosine(topics=["weights"])


def test_with_single_rows_as_parts_the_noise_is_the_sample_covariance():
    """The two-batch estimates are then the textbook's unbiased ones, to the last digit."""
    of_rows = np.random.default_rng(0).normal(0.3, 1.0, (16, 10))
    mean = of_rows.mean(axis=0)
    trace = np.trace(np.cov(of_rows.T, ddof=1))
    signal = mean @ mean - trace / 16

    found = ask(GradientNoiseScale(parts=16), NoisyGradients(of_rows))

    np.testing.assert_allclose(found["gradients/noise_trace"], trace, **EXACT)
    np.testing.assert_allclose(found["gradients/signal"], signal, **EXACT)
    np.testing.assert_allclose(found["gradients/noise_scale"], trace / signal, **EXACT)


@pytest.mark.parametrize("parts", [2, 4])
def test_the_gradients_of_a_regression_are_cut_as_the_paper_says(parts):
    """Against the formulas of the appendix, with gradients written out by hand."""
    draw = np.random.default_rng(2)
    inputs, labels, weights = draw.normal(size=(22, 5)), draw.normal(size=22), draw.normal(size=5)
    errors = inputs @ weights + 0.5 - labels
    of_rows = np.column_stack([inputs, np.ones(22)]) * errors[:, None]
    small, big = 22 // parts, 22 // parts * parts
    of_small = np.mean([np.sum(part.mean(axis=0) ** 2) for part in np.split(of_rows[:big], parts)])
    of_big = np.sum(of_rows[:big].mean(axis=0) ** 2)

    found = ask(GradientNoiseScale(parts=parts), LinearRegression(inputs, labels, weights, 0.5))

    rough = {"rtol": 1e-4}  # the surface is of float32, and the estimates are differences
    np.testing.assert_allclose(
        found["gradients/noise_trace"], (of_small - of_big) / (1 / small - 1 / big), **rough
    )
    np.testing.assert_allclose(
        found["gradients/signal"], (big * of_big - small * of_small) / (big - small), **rough
    )


@pytest.mark.parametrize("rows", [8, 32])
def test_the_scale_of_known_noise_is_found_whatever_the_batch(rows):
    """tr(Sigma) / |G|^2 = (4 + 9 + 1) / (1 + 4) = 2.8: the mean over many looks comes near."""
    draw = np.random.default_rng(7)
    metric = GradientNoiseScale(decay=0.999)
    for _ in range(3000):
        halves = draw.normal([1.0, 2.0, 0.0], [2.0, 3.0, 1.0], (2, rows // 2, 3)).mean(axis=1)
        of_parts, of_all = (halves**2).sum() / 2, (halves.mean(axis=0) ** 2).sum()
        found = metric.measure(message({"rows": rows // 2, "of_parts": of_parts, "of_all": of_all}))

    assert found["gradients/noise_scale"] == pytest.approx(2.8, rel=0.1)


def test_the_scale_is_the_ratio_of_running_means():
    """A mean of ratios would be biased, as the paper shows."""
    metric, draw = GradientNoiseScale(decay=0.75), np.random.default_rng(4)
    looks = [ask(metric, NoisyGradients(draw.normal(1.0, 0.5, (6, 4)))) for _ in range(3)]

    weights = np.array([0.75**2, 0.75, 1.0])
    trace, signal = (
        weights @ [look[f"gradients/{key}"] for look in looks] for key in ("noise_trace", "signal")
    )

    np.testing.assert_allclose(looks[-1]["gradients/noise_scale"], trace / signal, **EXACT)


def test_a_signal_lost_in_the_noise_has_no_scale():
    """A negative or infinite batch size would be worse than none."""
    found = ask(GradientNoiseScale(), NoisyGradients(np.array([[1.0, 0.0], [-1.0, 0.0]])))

    assert found["gradients/signal"] == -1.0
    assert np.isnan(found["gradients/noise_scale"])


def test_a_look_at_nan_does_not_spoil_the_later_ones():
    """Running means never lose a NaN again."""
    metric, fine = GradientNoiseScale(), NoisyGradients(np.array([[1.0, 0.5], [1.5, 0.0]]))
    before = ask(metric, fine)

    broken = ask(metric, NoisyGradients(np.full((2, 2), np.nan)))

    assert np.isnan(list(broken.values())).all()
    assert ask(metric, fine)["gradients/noise_scale"] == pytest.approx(
        before["gradients/noise_scale"], rel=1e-12
    )


def test_a_batch_that_cannot_be_cut_gives_nothing():
    """The last batch of an epoch may be a single row."""
    assert ask(GradientNoiseScale(), NoisyGradients(np.ones((1, 4)))) == {}


def test_a_run_that_was_paused_has_the_same_scale():
    """The running means go through the checkpoint."""
    first, second = GradientNoiseScale(), GradientNoiseScale()
    looks = [NoisyGradients(np.random.default_rng(seed).normal(1, 1, (8, 4))) for seed in range(2)]
    ask(first, looks[0])

    second.remember(first.memory())

    assert ask(second, looks[1]) == ask(first, looks[1])
