"""Figures of comparisons as notebooks call them: frames in, something that draws out."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pandas as pd
import pytest

from nntracker_ray.comparing import subtract_weights
from nntracker_ray.errors import NotFoundError
from nntracker_ray.figures import comparisons, parameters, weight_differences


def frame() -> pd.DataFrame:
    """Three runs of different lengths, one with a lost value."""
    rows = [
        (run, "loss", epoch, np.nan if (run, epoch) == ("b", 1) else 1 / (epoch + 1), (epoch + 1) * 10, fold)
        for run, length, fold in (("a", 4, "x"), ("b", 3, "x"), ("c", 2, "y"))
        for epoch in range(length)
    ]
    return pd.DataFrame(rows, columns=["run_id", "metric", "epoch", "value", "step", "configuration"])


def lines_of(figure) -> dict[str, int]:
    """Points of each line; dots and crosses have names that cannot be printed."""
    lines = [r for r in figure.renderers if "y" in r.data_source.data and r.name.isprintable()]
    return {line.name: len(line.data_source.data["x"]) for line in lines}


@pytest.mark.parametrize("axis", ["epoch", "step"])
def test_runs_are_overlaid(axis):
    """By epoch or step, by their names."""
    figure = hv.render(comparisons.overlaid_curves(frame(), "loss", axis=axis, names={"a": "first"}))

    assert lines_of(figure) == {"first": 4, "b": 3, "c": 2}


def test_groups_are_drawn_by_any_column():
    """Folds of a configuration, seeds of a tag."""
    figure = hv.render(comparisons.group_curves(frame(), "loss", by="configuration", members=True))

    lines = lines_of(figure)
    assert (lines["x"], lines["y"], lines["x, 1"]) == (4, 2, 4)
    mean = next(r for r in figure.renderers if r.name == "x").data_source.data
    assert mean["count"].tolist() == [2, 1, 2, 1]


def test_a_difference_without_values_is_refused():
    """A misspelled metric is said so, not drawn as nothing."""
    left, right = frame()[:4], frame()[4:7]

    assert lines_of(hv.render(comparisons.difference_curve(left, right, "loss")))["difference"] == 3
    with pytest.raises(NotFoundError, match="'los'"):
        comparisons.difference_curve(left, right, "los")


def table_of(optimizers, rates, losses, **more) -> pd.DataFrame:
    return pd.DataFrame({"optimizer": optimizers, "learning rate": rates, "loss": losses, **more})


TABLES = [
    table_of(["Adam", "SGD", None], [0.1, 0.01, 0.1], [1.0, np.nan, np.inf], run=["a", "b", "c"]),
    table_of(["Adam"], [None], [1.0], run=["a"]),
    table_of(["Adam"], [0.1], [np.nan]),
]


@pytest.mark.parametrize("table", TABLES)
def test_parameters_of_any_kind_are_drawn(table):
    """Missing values, lost results, a single run: none of them breaks the picture."""
    assert hv.render(parameters.parallel_coordinates(table, "loss")).renderers
    for parameter in ("optimizer", "learning rate"):
        assert hv.render(parameters.parameter_scatter(table, parameter, "loss")).renderers


def test_differences_of_weights_are_drawn():
    """One capture or many."""
    rng = np.random.default_rng(0)
    for epochs in ([3], [0, 5, 7]):
        left, right = rng.normal(size=(2, len(epochs), 20))
        found = subtract_weights(np.array(epochs), left, right)
        assert hv.render(weight_differences.weight_difference_spread(found)).renderers
        assert hv.render(weight_differences.weight_histogram_difference(found)).renderers
