"""Hessian eigenvalues against numpy.linalg.eigh of an explicit Hessian."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from metric_kit import EXACT, ask
from surfaces import LinearRegression, NoisyGradients, Quadratic

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.hessian import HessianEigenvalues


def symmetric(eigenvalues: list[float], *, seed: int = 0) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    return turn * np.array(eigenvalues) @ turn.T


def by_magnitude(hessian: np.ndarray) -> np.ndarray:
    values = np.linalg.eigvalsh(hessian)
    return values[np.argsort(-np.abs(values))]


def thorough(count: int = 1) -> HessianEigenvalues:
    return HessianEigenvalues(count=count, iterations=5000, tolerance=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_eigenvalues_are_those_of_eigh_with_their_signs(seed):
    """A negative one among them says that the training is near a saddle."""
    hessian = symmetric([9.0, -7.5, 5.0, -3.0, 2.0, 1.0, 0.5, 0.0, -0.1], seed=seed)

    found = ask(thorough(count=4), Quadratic(hessian))

    for place, expected in enumerate(by_magnitude(hessian)[:4], start=1):
        np.testing.assert_allclose(found[f"hessian/eigenvalue_{place}"], expected, **EXACT)
        assert found[f"hessian/residual_{place}"] <= 1e-7


def test_the_curvature_of_a_regression_is_that_of_its_inputs():
    """Its Hessian is X^T X / n with a column of ones for the bias, in float32 as networks have it."""
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(40, 6)).astype(np.float32)
    surface = LinearRegression(inputs, draw.normal(size=40), draw.normal(size=6), 0.5)
    with_bias = np.column_stack([inputs.astype(np.float64), np.ones(40)])

    found = ask(HessianEigenvalues(count=2, iterations=2000, tolerance=1e-5), surface)

    expected = by_magnitude(with_bias.T @ with_bias / 40)[:2]
    np.testing.assert_allclose(
        [found["hessian/eigenvalue_1"], found["hessian/eigenvalue_2"]], expected, **EXACT
    )


def test_an_equal_pair_is_found_twice():
    """Deflation leaves the second direction of the same steepness."""
    found = ask(thorough(count=3), Quadratic(symmetric([4.0, 4.0, 1.0, 0.5])))

    values = [found[f"hessian/eigenvalue_{place}"] for place in (1, 2, 3)]
    np.testing.assert_allclose(values, [4.0, 4.0, 1.0], **EXACT)


def test_two_that_differ_in_their_sign_only_are_told_by_their_residual():
    """Power iteration swings between them; the number must not be taken for an answer."""
    found = ask(HessianEigenvalues(iterations=200), Quadratic(symmetric([3.0, -3.0, 1.0])))

    assert found["hessian/residual_1"] > 0.1


def test_it_ends_when_it_is_exact_enough_and_at_the_latest_when_told():
    """Each turn costs about two gradients."""
    easy, hard = Quadratic(symmetric([9.0, 0.1, 0.1])), Quadratic(symmetric([3.0, -3.0, 1.0]))

    ask(HessianEigenvalues(iterations=40), easy)
    ask(HessianEigenvalues(iterations=40), hard)

    assert (easy.asked < 10, hard.asked) == (True, 40)


def test_the_same_look_gives_the_same_numbers():
    """Nothing of an earlier look is kept that a paused run would have forgotten."""
    metric, surface = HessianEigenvalues(iterations=3), Quadratic(symmetric([3.0, 2.9, 1.0]))

    assert ask(metric, surface) == ask(metric, surface) == ask(HessianEigenvalues(iterations=3), surface)


def test_a_flat_loss_has_eigenvalue_0():
    """Also an answer: a network that is dead from the start."""
    found = ask(HessianEigenvalues(), NoisyGradients(np.ones((4, 6))))

    assert found == {"hessian/eigenvalue_1": 0.0, "hessian/residual_1": 0.0}


def test_there_are_no_more_eigenvalues_than_weights():
    """Three of two weights would be made up."""
    found = ask(thorough(count=20), Quadratic(symmetric([2.0, -1.0, 0.5])))

    assert sorted(found) == [
        f"hessian/{what}_{place}" for what in ("eigenvalue", "residual") for place in (1, 2, 3)
    ]


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_curvature_that_is_not_finite_ends_it_with_nan(odd):
    """At once, and without an error."""
    surface = Quadratic(np.full((3, 3), odd))

    found = ask(HessianEigenvalues(), surface)

    assert not np.isfinite(found["hessian/eigenvalue_1"])
    assert surface.asked == 1


def test_vectors_come_in_the_dtype_of_the_curvature():
    """Networks of half precision have no others; the products are added in float64 all the same."""
    surface = Quadratic(symmetric([9.0, -2.0, 1.0]), dtype=tf.bfloat16)

    assert ask(HessianEigenvalues(tolerance=0.05), surface)["hessian/eigenvalue_1"] == pytest.approx(
        9.0, rel=0.02
    )


@pytest.mark.parametrize("conf", [{"count": 0}, {"count": 21}, {"iterations": 0}, {"tolerance": 2.0}])
def test_conf_out_of_range_is_refused(conf):
    """With what came and what is allowed."""
    (name,) = conf
    with pytest.raises(BadInputError, match=rf"{name} is {conf[name]}; it must be a .*number from"):
        HessianEigenvalues(**conf)
