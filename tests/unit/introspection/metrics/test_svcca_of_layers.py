"""SVCCA against canonical correlations worked out by covariances, and what is kept of earlier looks."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from metric_kit import DTYPES, EXACT, random_array, run_metric, wide

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.svcca import MOST_BYTES, MOST_LOOKS, Svcca, thin_out


def by_covariances(one: np.ndarray, other: np.ndarray, variance: float = 0.99) -> float:
    """Mean of the roots of the eigenvalues of S11^-1 S12 S22^-1 S21, of the main components of each."""
    one, other = components(one, variance), components(other, variance)
    within_one, within_other, between = one.T @ one, other.T @ other, one.T @ other
    product = np.linalg.solve(within_one, between) @ np.linalg.solve(within_other, between.T)
    squares = np.sort(np.linalg.eigvals(product).real)[::-1][: min(one.shape[1], other.shape[1])]
    return float(np.sqrt(np.clip(squares, 0, 1)).mean())


def components(array: np.ndarray, variance: float) -> np.ndarray:
    points = wide(array).reshape(-1, array.shape[-1])
    points = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(points.T @ points)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = next(k for k in range(1, len(values) + 1) if values[:k].sum() >= variance * values.sum())
    return points @ vectors[:, :kept]


def activations(*, rows: int = 200, units: int = 12, seed: int = 0, dtype=np.float32) -> np.ndarray:
    """A few strong causes and some noise, as layers have them."""
    draw = np.random.default_rng(seed)
    causes = np.random.default_rng(99).normal(size=(rows, 5))
    return (causes @ draw.normal(size=(5, units)) + 0.3 * draw.normal(size=(rows, units)) + 1).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES[:4], ids=lambda dtype: np.dtype(dtype).name)
def test_similarities_are_the_mean_canonical_correlations(dtype, way):
    """With every earlier look, by its step."""
    metric, looks = Svcca(), [activations(seed=seed, dtype=dtype) for seed in range(3)]

    found = [
        run_metric(metric, look, step=step, way=way) for look, step in zip(looks, (10, 20, 35), strict=True)
    ]

    assert found[0] == {}
    np.testing.assert_array_equal(found[2]["svcca"][0], [10, 20])
    expected = [by_covariances(look, looks[2]) for look in looks[:2]]
    assert 0.2 < min(expected) < max(expected) < 0.99
    np.testing.assert_allclose(found[2]["svcca"][1], expected, **EXACT)
    np.testing.assert_allclose(found[2]["svcca_last"], expected[1], **EXACT)


@pytest.mark.parametrize("variance", [0.5, 0.9, 1.0])
def test_the_svd_step_keeps_the_variance_asked_for(variance):
    """Fewer directions compare the signal, all of them the noise as well."""
    metric, one, other = Svcca(variance=variance), activations(seed=1), activations(seed=2)
    run_metric(metric, one)

    found = run_metric(metric, other, step=2)

    np.testing.assert_allclose(found["svcca_last"], by_covariances(one, other, variance), **EXACT)


def test_a_layer_is_like_itself_however_it_is_turned():
    """Permuted, scaled and shifted units say the same."""
    metric, look = Svcca(variance=1.0), activations()
    turn = np.random.default_rng(1).normal(size=(12, 12)).astype(np.float32)
    run_metric(metric, look)

    assert run_metric(metric, look @ turn + 3, step=2)["svcca_last"] == pytest.approx(1.0, rel=1e-6)


def test_every_position_of_a_convolution_is_a_point(way):
    """Its channels are what is compared."""
    metric = Svcca()
    one, other = (activations(rows=8 * 5 * 5, seed=seed).reshape(8, 5, 5, 12) for seed in (1, 2))
    run_metric(metric, one, way=way)

    found = run_metric(metric, other, step=2, way=way)

    np.testing.assert_allclose(found["svcca_last"], by_covariances(one, other), **EXACT)


def test_of_many_points_the_same_ones_are_taken_at_every_look(way):
    """Spread over all rows, and over the columns of a picture."""
    places = np.arange(64 * 16 * 16, dtype=np.float32).reshape(64, 16, 16, 1)
    taken = [run_points(Svcca(points=500), places, way) for _ in range(2)]

    np.testing.assert_array_equal(taken[0], taken[1])
    assert len(np.unique(taken[0])) == 500
    assert len(np.unique(taken[0] // 256)) == 64
    assert np.bincount(taken[0].astype(int) % 16, minlength=16).min() > 15


def run_points(metric: Svcca, array: np.ndarray, way) -> np.ndarray:
    reduced = way(metric, {"probe_activations": tf.constant(array)})
    return np.asarray(reduced["activations"]).ravel()


@pytest.mark.parametrize(
    "odd",
    [np.ones((50, 4)), np.zeros((50, 4)), np.full((50, 4), np.nan), np.zeros((0, 4)), np.array([[1.0, 2.0]])],
    ids=["constant", "zeros", "nan", "no_rows", "one_row"],
)
def test_a_layer_that_says_nothing_is_like_nothing(odd):
    """A dead layer is not similar to what it was, nor different: there is no number."""
    metric = Svcca()
    run_metric(metric, activations(rows=len(odd) or 50, units=4))

    found = run_metric(metric, odd, step=2)
    later = run_metric(metric, odd, step=3)

    assert np.isnan(found["svcca_last"])
    assert np.isnan(later["svcca"][1]).all()
    np.testing.assert_array_equal(later["svcca"][0], [1, 2])


def test_layers_are_compared_with_themselves_only():
    """And each call of a layer that is called twice."""
    metric = Svcca()

    assert [
        run_metric(metric, activations(), layer=layer, tensor=call) for layer in "ab" for call in ("", "1")
    ] == [{}] * 4


def test_a_run_that_was_paused_has_the_same_similarities():
    """What is kept of earlier looks goes through the checkpoint, in the order of their steps."""
    first, second = Svcca(), Svcca()
    for step in (9, 10, 100):
        run_metric(first, activations(seed=step), step=step, layer="a/b")

    second.remember(dict(reversed(first.memory().items())))
    found = [run_metric(metric, activations(), step=200, layer="a/b") for metric in (first, second)]

    np.testing.assert_array_equal(found[0]["svcca"], found[1]["svcca"])
    assert found[0]["svcca_last"] == found[1]["svcca_last"]


def test_of_many_looks_an_even_choice_is_kept():
    """The first ones as well as the last: a layer's whole way is to be seen."""
    metric = Svcca()
    for step in range(1, 201):
        run_metric(metric, activations(rows=20, units=3, seed=step), step=step)

    kept = np.array(sorted(int(key.split("/")[-1]) for key in metric.memory()))

    assert (len(kept), kept[0], kept[-1]) == (MOST_LOOKS, 1, 200)
    assert np.diff(kept).max() <= 16


def test_what_is_kept_of_a_layer_stays_below_its_bound():
    """A wide layer keeps fewer looks; checkpoints stay small."""
    looks = {step: np.zeros((1024, 300), np.float32) for step in range(1, 11)}

    thin_out(looks)

    assert list(looks)[-1] == 10
    assert MOST_BYTES / 2 < sum(look.nbytes for look in looks.values()) <= MOST_BYTES


@pytest.mark.parametrize("conf", [{"variance": 0.0}, {"variance": 1.1}, {"points": 1}, {"points": 1025}])
def test_conf_out_of_range_is_refused(conf):
    """With what came and what is allowed."""
    (name,) = conf
    with pytest.raises(BadInputError, match=rf"{name} is {conf[name]}; it must be a .*number from"):
        Svcca(**conf)


def test_real_half_precision_points_are_not_mixed_up(way):
    """What leaves the device keeps the dtype it has there."""
    array = random_array((30, 4), np.float16)

    assert run_points(Svcca(), array, way).dtype == np.float16
