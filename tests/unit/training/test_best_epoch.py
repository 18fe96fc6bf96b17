"""Which epoch is the best one."""

from __future__ import annotations

import pytest

from nntracker_ray.records import CheckpointPolicy
from nntracker_ray.training.best import BestModel, higher_is_better

NAN = float("nan")


def best_of(values, metric, policy):
    best = BestModel(policy)
    improved = [
        epoch for epoch, value in enumerate(values) if best.offer(epoch, {"loss": 1.0, metric: value})
    ]
    return improved, best.facts


@pytest.mark.parametrize(
    ("values", "improved"),
    [([3.0, 2.0, 2.0, NAN, 1.0, 5.0], [0, 1, 4]), ([NAN, NAN], []), ([float("inf"), 1.0], [1])],
)
def test_lower_validation_loss_is_better_by_default(values, improved):
    """NaN is never better, and equal is not better."""
    found, facts = best_of(values, "val_loss", CheckpointPolicy())

    assert found == improved
    assert (facts or {"epoch": None})["epoch"] == (improved[-1] if improved else None)


def test_without_validation_the_loss_counts():
    """There is always a best epoch."""
    best = BestModel(CheckpointPolicy())

    assert best.offer(0, {"loss": 2.0})
    assert best.facts == {"metric": "loss", "value": 2.0, "epoch": 0}


def test_a_chosen_metric_goes_its_own_way():
    """Accuracy is better when higher, unless somebody says otherwise."""
    assert best_of([0.1, 0.9, 0.5], "val_accuracy", CheckpointPolicy(best="val_accuracy"))[0] == [0, 1]
    assert best_of([0.9, 0.1], "val_accuracy", CheckpointPolicy(best="val_accuracy", mode="min"))[0] == [0, 1]


@pytest.mark.parametrize(
    "metric", ["val_accuracy", "top_2_accuracy", "auc", "f1_score", "r2_score", "mean_io_u"]
)
def test_metrics_of_quality_are_better_when_higher(metric):
    """Keras' metrics do not say it themselves; their names do."""
    assert higher_is_better(metric, "auto")


@pytest.mark.parametrize("metric", ["loss", "val_huber", "mean_squared_error", "kl_divergence"])
def test_all_others_are_better_when_lower(metric):
    """Errors, losses, distances."""
    assert not higher_is_better(metric, "auto")


def test_a_metric_that_nobody_measures_is_told_once():
    """A best checkpoint that silently never comes would be missed on the day it is needed."""
    best = BestModel(CheckpointPolicy(best="val_f1"))

    best.offer(0, {"loss": 1.0})
    best.offer(1, {"loss": 1.0})

    assert "'val_f1' is not measured" in str(best.take_trouble())
    assert best.take_trouble() is None
