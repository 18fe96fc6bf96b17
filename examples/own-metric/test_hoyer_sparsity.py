"""Run with `pytest`, where nntracker-ray is installed."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hoyer_sparsity import HoyerSparsity
from keras import ops

from nntracker_ray.introspection import Message, Stamp


def sparsity(array: list, **arguments: float) -> float:
    """As a training asks: `reduce` where the tensors are, `measure` with what it gave, as NumPy."""
    metric = HoyerSparsity(**arguments)
    reduced = metric.reduce({"weights": ops.convert_to_tensor(array, "float32")}, ops)
    values = {key: np.asarray(value) for key, value in reduced.items()}
    message = Message(Stamp(epoch=0, step=1, measured_at=datetime.now(UTC)), values, "dense", "kernel")
    return metric.measure(message)["hoyer"]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ([3.0, 3.0, -3.0, 3.0], 0.0),
        ([[0.0, 0.0], [0.0, -5.0]], 1.0),
        ([3.0, 4.0], (math.sqrt(2) - 7 / 5) / (math.sqrt(2) - 1)),
    ],
    ids=["even", "one", "by-hand"],
)
def test_it_is_what_the_formula_says(array, expected):
    assert sparsity(array) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("array", [[0.0, 0.0], [1.0]], ids=["zeros", "single"])
def test_it_is_nothing_where_nothing_can_be_said(array):
    assert math.isnan(sparsity(array))


def test_small_values_can_count_as_zero():
    assert sparsity([1e-3, 1e-3, 1e-3, 5.0], below=0.01) == pytest.approx(1.0)


def test_an_argument_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="below is -1"):
        HoyerSparsity(below=-1)
