"""Spectral norm and condition number against NumPy's SVD."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_kit import DTYPES, EXACT, random_array, run_metric, wide

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.spectra import ConditionNumber, SpectralNorm

SHAPES = [(64, 64), (200, 30), (30, 200), (3, 3, 8, 16), (1, 1, 16, 4), (7,), (), (1, 1)]


def singular_values(array: np.ndarray) -> np.ndarray:
    columns = array.shape[-1] if array.ndim else 1
    return np.linalg.svd(wide(array).reshape(-1, columns), compute_uv=False)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)) or "number")
def test_both_equal_the_svd_of_the_kernel_as_a_matrix(shape, way):
    """All axes but the last, which are the units, are its rows."""
    array = random_array(shape)
    values = singular_values(array)

    norm = run_metric(SpectralNorm(), array, way=way)["spectral_norm"]
    condition = run_metric(ConditionNumber(), array, way=way)["condition_number"]

    np.testing.assert_allclose(norm, values[0], **EXACT)
    np.testing.assert_allclose(condition, values[0] / values[-1], **EXACT)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_both_equal_the_svd_for_every_dtype(dtype, way):
    """Quantized weights as well."""
    array = random_array((20, 12), dtype)
    values = singular_values(array)

    np.testing.assert_allclose(
        run_metric(SpectralNorm(), array, way=way)["spectral_norm"], values[0], **EXACT
    )
    condition = run_metric(ConditionNumber(), array, way=way)["condition_number"]
    np.testing.assert_allclose(condition, values[0] / values[-1], **EXACT)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([1e-30, 1.0, 1e30]))
def test_the_power_iteration_arrives_on_random_matrices(rows, columns, seed, scale):
    """Also where the two largest values lie close together, as they do in square ones."""
    array = (scale * np.random.default_rng(seed).normal(size=(rows, columns))).astype(np.float32)

    np.testing.assert_allclose(
        run_metric(SpectralNorm(), array)["spectral_norm"], singular_values(array)[0], **EXACT
    )


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-6, 1e-4, 1e-2])
def test_two_values_that_are_all_but_equal_do_not_disturb_it(gap):
    """A single vector would wander between their directions for as long as one lets it."""
    draw = np.random.default_rng(3)
    left, right = (np.linalg.qr(draw.normal(size=(50, 50)))[0] for _ in range(2))
    values = np.concatenate([[2.0, 2.0 - gap], np.linspace(1.5, 0.1, 48)])

    found = run_metric(SpectralNorm(), left * values @ right)["spectral_norm"]

    np.testing.assert_allclose(found, 2.0, **EXACT)


def test_the_norm_of_a_wide_layer_is_found():
    """The values of a large square kernel crowd at its upper end."""
    array = random_array((512, 512), seed=5)

    np.testing.assert_allclose(
        run_metric(SpectralNorm(), array)["spectral_norm"], singular_values(array)[0], **EXACT
    )


def test_too_few_iterations_give_a_value_that_is_too_small():
    """It is a lower bound, never nonsense."""
    array = np.random.default_rng(0).normal(size=(200, 200))
    largest = singular_values(array)[0]

    assert largest / 2 < run_metric(SpectralNorm(iterations=1), array)["spectral_norm"] < largest


def test_the_norm_is_the_same_at_every_look():
    """A run that was paused begins the iteration no otherwise than one that was not."""
    metric, array = SpectralNorm(iterations=3), random_array((100, 100))

    assert (
        run_metric(metric, array)
        == run_metric(metric, array)
        == run_metric(SpectralNorm(iterations=3), array)
    )


@pytest.mark.parametrize(
    ("array", "norm", "condition"),
    [
        (np.zeros((0, 3)), 0.0, np.nan),
        (np.zeros((3, 4)), 0.0, np.inf),
        (np.diag([3.0, 2.0, 0.0]), 3.0, np.inf),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), np.nan, np.nan),
        (np.array([[1.0, np.inf], [2.0, 3.0]]), np.inf, np.nan),
        (np.diag([3e200, 1e199]), 3e200, 30.0),
        (np.diag([3e-200, 1e-201]), 3e-200, 30.0),
    ],
    ids=["nothing", "zeros", "singular", "nan", "inf", "huge", "tiny"],
)
def test_odd_matrices_have_honest_answers(array, norm, condition, way):
    """And none of them ends the training with an error from the device."""
    np.testing.assert_allclose(run_metric(SpectralNorm(), array, way=way)["spectral_norm"], norm, **EXACT)
    np.testing.assert_allclose(
        run_metric(ConditionNumber(), array, way=way)["condition_number"], condition, **EXACT
    )


@pytest.mark.parametrize(
    ("conf", "words"), [({"iterations": 0}, "iterations"), ({"tolerance": 0.0}, "tolerance")]
)
def test_an_iteration_that_cannot_end_well_is_refused(conf, words):
    """No turns at all, or an exactness that no arithmetic reaches."""
    with pytest.raises(BadInputError, match=f"{words} is 0.*; it must be"):
        SpectralNorm(**conf)
