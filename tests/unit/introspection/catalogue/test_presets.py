"""Named sets of metrics, and how single metrics stand beside them."""

from __future__ import annotations

import pytest

from nntracker_ray.introspection.catalog import PRESET_NAMES, known_metrics
from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.presets import BASIC, GRADIENT_FLOW, merged, presets
from nntracker_ray.records import Observed
from tests.unit.introspection.catalogue.installed import WIDTH, Install


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_every_metric_of_a_preset_can_be_had(name: str):
    """Nobody should have to know what a preset is made of to use it."""
    catalog = known_metrics()

    assert all(catalog.subscribers_of(one) for one in presets(catalog)[name].metrics)


def test_everything_is_every_built_in_metric_and_no_plug_in(install: Install):
    """A preset means the same on every machine."""
    everything = presets(install(WIDTH, width="Width"))["everything"]

    assert {one.metric for one in everything.metrics} == set(BUILT_IN)


def test_expensive_ones_are_taken_once_an_epoch():
    """Every hundredth step would take longer than the training."""
    each = {one.metric: one.every_epochs for one in presets(known_metrics())["everything"].metrics}

    assert {name for name, epochs in each.items() if epochs == 1} == {
        "condition_number", "hessian_eigenvalues", "svcca", "test_accuracy",
    }  # fmt: skip


def test_what_two_presets_have_in_common_is_taken_once():
    """The same under the same name twice is twice the cost and no more to see."""
    found = merged([], [*BASIC.metrics, *GRADIENT_FLOW.metrics], known_metrics())

    norms = [topic for one in found if one.metric == "norm" for topic in one.topics]
    assert sorted(norms) == [
        "activations", "bias_gradients", "biases", "layer_gradients", "weight_gradients", "weights",
    ]  # fmt: skip
    assert [one.metric for one in found].count("ratio") == 1


def test_a_single_metric_takes_the_place_of_the_presets_for_its_topics():
    """Whoever writes "every 10 steps" does not want every hundredth as well."""
    own = Observed("mean", topics=("weights",), every=10)

    found = merged([own], BASIC.metrics, known_metrics())

    means = {one.every: one.topics for one in found if one.metric == "mean"}
    assert means[10] == ("weights",)
    assert "weights" not in means[100]
    assert "biases" in means[100]


def test_one_for_some_layers_leaves_the_others_to_the_preset():
    """Else the other layers would be gone."""
    own = Observed("mean", topics=("weights",), every=10, layers=("dense*",))

    found = merged([own], BASIC.metrics, known_metrics())

    assert [one.layers for one in found if one.metric == "mean" and "weights" in one.topics] == [
        ("dense*",),
        ("*",),
    ]
