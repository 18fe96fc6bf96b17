"""What looking inside is estimated to cost. How near the estimates are is measured elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.introspection.cost import WORK, Training, estimated_share, training_of
from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.presets import presets
from nntracker_ray.models.schema import parse_model
from nntracker_ray.records import Observed

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture(scope="module")
def digits() -> Training:
    """The example's CNN on its 1,437 rows."""
    model = parse_model((EXAMPLES / "digits" / "model.json").read_text())
    return training_of(model, batch_size=32, steps_an_epoch=45, test_rows=360)


def share(training: Training, *observed: Observed) -> float:
    return estimated_share([(one, known_metrics().topics_of(one)) for one in observed], training)


def test_every_built_in_metric_has_its_work():
    """One that was forgotten would count as a plug-in."""
    assert set(WORK) == set(BUILT_IN)


def test_nothing_looked_at_costs_nothing(digits: Training):
    """A topic without subscribers is not worked out."""
    assert share(digits) == 0


@pytest.mark.parametrize("example", ["digits", "diabetes", "iris"])
def test_the_basic_preset_is_estimated_in_percent_even_of_tiny_models(example: str):
    """It is meant to stay on in every run; a tenth of the time would be a slip in the constants."""
    model = parse_model((EXAMPLES / example / "model.json").read_text())

    training = training_of(model, batch_size=32, steps_an_epoch=45)

    assert 0 < share(training, *presets(known_metrics())["basic"].metrics) < 0.1


def test_presets_cost_more_in_the_order_of_their_names(digits: Training):
    """People choose by that order."""
    basic, gradients, everything = (share(digits, *one.metrics) for one in presets(known_metrics()).values())

    assert basic < everything
    assert gradients < everything


@pytest.mark.parametrize(
    ("cheaper", "dearer"),
    [
        (Observed("mean", every=100), Observed("mean", every=10)),
        (Observed("mean", every=None, every_epochs=2), Observed("mean", every=None, every_epochs=1)),
        (Observed("mean", layers=("no_such",)), Observed("mean")),
        (Observed("mean", topics=("weights",)), Observed("mean", topics=("weights", "activations"))),
        (Observed("mean"), Observed("hessian_eigenvalues")),
        (Observed("hessian_eigenvalues"), Observed("hessian_eigenvalues", {"count": 3})),
    ],
    ids=["steps", "epochs", "layers", "topics", "metrics", "arguments"],
)
def test_more_costs_more(digits: Training, cheaper: Observed, dearer: Observed):
    """The number must follow what one changes in the form."""
    assert share(digits, cheaper) < share(digits, dearer)


def test_looks_at_the_same_step_share_their_fixed_cost(digits: Training):
    """The second metric of a look is cheaper than a look of its own."""
    mean, norm = Observed("mean"), Observed("norm")

    assert share(digits, mean, norm) < share(digits, mean) + share(digits, norm)


def test_a_measured_pace_counts_more_than_a_worked_out_one(digits: Training):
    """Runs like it have really taken so long."""
    slow = replace(digits, measured_step_s=10 * digits.step_s)

    assert share(slow, Observed("mean")) == pytest.approx(share(digits, Observed("mean")) / 10)


def test_what_is_not_installed_here_is_still_counted(digits: Training):
    """A plug-in of another node has a look's cost at least."""
    assert share(digits, Observed("of_somebody_else")) > 0
