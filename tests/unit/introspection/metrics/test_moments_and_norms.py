"""Mean, sum, variance and norms against NumPy, for every dtype that networks have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from metric_kit import DTYPES, EXACT, random_array, run_metric, wide

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.metrics.moments import Mean, Norm, Sum, Variance

REFERENCES = {
    "mean": (Mean(), lambda x: math.fsum(x.ravel()) / x.size),
    "sum": (Sum(), lambda x: math.fsum(x.ravel())),
    "variance": (Variance(), lambda x: np.var(x, ddof=1)),
    "norm": (Norm(), lambda x: np.linalg.norm(x.ravel())),
    "norm_1": (Norm(p=1), lambda x: np.linalg.norm(x.ravel(), 1)),
    "norm_3.5": (Norm(p=3.5), lambda x: np.linalg.norm(x.ravel(), 3.5)),
    "norm_inf": (Norm(p=math.inf), lambda x: np.linalg.norm(x.ravel(), np.inf)),
}
STRETCH = (1 + 0.75**3.5) ** (1 / 3.5)  # the 3.5-norm of (1, 0.75)
ORDINARY = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("key", REFERENCES)
def test_each_equals_numpy_for_every_dtype(key, dtype, way):
    """Also where the dtype itself could not hold the result: everything is added in float64."""
    metric, reference = REFERENCES[key]
    array = random_array((3, 3, 8, 16), dtype)

    found = run_metric(metric, array, way=way)

    assert list(found) == [key]
    np.testing.assert_allclose(found[key], reference(wide(array)), **EXACT)


@given(arrays(np.float32, array_shapes(min_dims=0, max_dims=4, max_side=7), elements=ORDINARY))
def test_each_equals_numpy_whatever_the_shape(array):
    """Kernels of four axes, biases, and the single numbers that some layers keep."""
    scale = float(np.abs(wide(array)).max())
    for key, (metric, reference) in REFERENCES.items():
        with np.errstate(all="ignore"):
            expected = np.nan if key == "variance" and array.size == 1 else reference(wide(array))
        near = {"rtol": 1e-6, "atol": 1e-14 * scale**2 if key == "variance" else 1e-14 * scale}
        np.testing.assert_allclose(run_metric(metric, array)[key], expected, **near)


def test_digits_survive_where_float32_would_cancel_them():
    """The mean of large activations that nearly balance, and the spread of weights far off 0."""
    balanced = np.array([1e8, 1.0, -1e8, 1.0] * 50_000, np.float32)
    shifted = (4096.0 + np.random.default_rng(1).normal(0, 1e-2, 100_000)).astype(np.float32)

    assert run_metric(Mean(), balanced) == {"mean": 0.5}
    np.testing.assert_allclose(
        run_metric(Variance(), shifted)["variance"], wide(shifted).var(ddof=1), **EXACT
    )


@pytest.mark.parametrize("offset", [0.0, 0.1, 1.0, 9.0, 11.0, 1e3, 2.0**20])
def test_a_spread_keeps_its_digits_however_far_off_0_it_lies(offset):
    """Where the squares are all but the mean's, their difference has no digits left."""
    values = np.float32(offset + np.random.default_rng(2).integers(-8, 9, 5_000) / 16)

    found = run_metric(Variance(), values)["variance"]

    np.testing.assert_allclose(found, np.var(wide(values), ddof=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], {"mean": np.nan, "sum": 0, "variance": np.nan, "norm": 0, "norm_1": 0, "norm_inf": 0}),
        ([-3.0], {"mean": -3, "sum": -3, "variance": np.nan, "norm": 3, "norm_1": 3, "norm_inf": 3}),
        ([0.0, 0.0], {"mean": 0, "sum": 0, "variance": 0, "norm": 0, "norm_1": 0, "norm_inf": 0}),
        ([1.0, np.nan], dict.fromkeys(REFERENCES, np.nan)),
        ([np.nan, np.inf], dict.fromkeys(REFERENCES, np.nan)),
        (
            [1.0, -np.inf],
            {"mean": -np.inf, "variance": np.nan, "norm": np.inf, "norm_1": np.inf, "norm_inf": np.inf},
        ),
        (
            [3e200, -4e200],
            {
                "mean": -5e199,
                "norm": 5e200,
                "norm_1": 7e200,
                "norm_3.5": 4e200 * STRETCH,
            },
        ),
        ([3e-200, 4e-200], {"norm": 5e-200, "norm_3.5": 4e-200 * STRETCH}),
    ],
    ids=["nothing", "one", "zeros", "nan", "nan_and_inf", "inf", "huge", "tiny"],
)
def test_odd_values_pass_through_honestly(values, expected, way):
    """A diagnosis must see that there is a NaN; and a norm is no infinity only because its square is."""
    array = np.array(values, np.float64)
    for key, value in expected.items():
        found = run_metric(REFERENCES[key][0], array, way=way)[key]
        np.testing.assert_allclose(found, value, rtol=1e-12, err_msg=key)


@pytest.mark.parametrize("p", [0.5, 0, -1, math.nan, "two", True, None])
def test_what_is_no_norm_is_refused(p):
    """Below 1 the triangle inequality fails, and people mean something else."""
    with pytest.raises(BadInputError, match=r"p is .*; it must be a number from 1 to inf"):
        Norm(p=p)


def test_infinity_may_be_written_as_text():
    """JSON has no infinity."""
    assert Norm(p="inf").key == "norm_inf"
