"""Tables of parameters, their axes, and weights that are subtracted."""

from __future__ import annotations

from uuid import uuid4

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.comparing import RunParameters, parameters_of, scale_of, subtract_weights
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import Configuration, NamedConf


def run(optimizer="Adam", rate=0.001, batch=32, result=0.9, **more) -> RunParameters:
    conf = more.pop("conf", {})
    one = Configuration(
        NamedConf(optimizer, conf), NamedConf("MeanSquaredError"), rate, more.pop("sweep", {})
    )
    return RunParameters(uuid4(), "run", one, batch, more.pop("fold", None), result)


def test_only_what_differs_is_an_axis():
    """Ten axes on which all runs meet in a point hide the one that matters."""
    table = parameters_of([run(rate=0.1), run(rate=0.01, conf={"epsilon": 1e-6})])

    assert set(table.varied) == {"learning rate", "optimizer epsilon"}
    assert table.common["optimizer"] == "Adam"
    assert table.columns["optimizer epsilon"] == (None, 1e-6)


def test_numbers_stand_by_size_and_words_by_name():
    """An axis has an order that one can read."""
    rates = scale_of([0.1, 0.001, 0.01])
    words = scale_of(["SGD", "Adam", "SGD"])

    assert rates.is_log
    np.testing.assert_allclose(rates.heights, [1, 0, 0.5])
    assert [text for _, text in rates.ticks] == ["0.001", "0.01", "0.1"]
    assert words.heights.tolist() == [1, 0, 1]
    assert scale_of([None, 3]).ticks == ((0.0, "3"), (1.0, "none"))


@pytest.mark.parametrize("values", [[], [float("nan")], [5.0], [1.0, 1.0], [True, False], [-1.0, 1e9]])
def test_any_column_has_an_axis(values):
    """Nothing that runs were given may break the picture of the others."""
    scale = scale_of(values)

    finite = scale.heights[np.isfinite(scale.heights)]
    assert ((finite >= 0) & (finite <= 1)).all()


def test_weights_are_subtracted_element_by_element():
    """Two runs that began alike: how far they went apart, by capture."""
    left = np.array([[1.0, 2.0], [3.0, np.nan]], np.float32)
    right = np.array([[1.0, 0.0], [0.0, 0.0]], np.float32)

    found = subtract_weights(np.array([0, 5]), left, right, bins=4)

    assert found.norm.tolist() == [2.0, 3.0]
    assert found.relative[0] == 2.0
    assert np.isnan(found.relative[1])
    assert found.lost.tolist() == [0, 1]
    assert found.counts.sum(axis=1).tolist() == [2, 1]
    assert found.count_difference.sum(axis=1).tolist() == [0, -1]
    assert (found.minimum.tolist(), found.maximum.tolist()) == ([0.0, 3.0], [2.0, 3.0])


def test_exotic_numbers_are_subtracted_as_ordinary_ones():
    """bfloat16 weights of a mixed-precision run."""
    left, right = (np.full((1, 3), value, ml_dtypes.bfloat16) for value in (2.0, 0.5))

    assert subtract_weights(np.array([0]), left, right).maximum.tolist() == [1.5]


def test_arrays_of_other_shapes_are_refused():
    """Broadcasting would subtract what does not belong together."""
    with pytest.raises(BadInputError, match="shapes differ"):
        subtract_weights(np.array([0]), np.zeros((1, 2)), np.zeros((1, 3)))
