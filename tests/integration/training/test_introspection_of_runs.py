"""What a run looks at inside is recorded, survives pauses, and never costs it its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_kit import PausingMailbox, Training, bits, facts, outcome, train

from nntracker_ray.records import MetricArray, MetricPoint, Observed, Progress, Record
from tests.sample_runs import sample_spec
from tests.unit.introspection.catalogue.installed import Install, install  # noqa: F401 (a fixture)

BATCHES = 16  # of an epoch
UNLIMITED = 1000.0  # on a busy machine the time of so small a training says nothing
EVERYTHING = tuple(
    replace(one, budget=UNLIMITED)
    for one in (
        Observed("mean", topics=("weights", "weight_gradients", "activations"), every=5),
        Observed("histogram", topics=("weight_updates",), every=7),
        Observed("ratio", every=5),
        Observed("gradient_cosine", every=5),
        Observed("svcca", every=None, every_epochs=1),
        Observed("hessian_eigenvalues", conf={"iterations": 4}, every=None, every_epochs=2),
        Observed("gradient_noise_scale", every=5),
        Observed("batch_accuracy", every=5),
        Observed("test_accuracy", every=None, every_epochs=1),
        Observed("mean_over_layers", conf={"of": ["weights/mean"]}, every=5),
    )
)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A run that looks at everything, undisturbed."""
    return train(sample_spec(introspection=EVERYTHING), tmp_path_factory.mktemp("looked_at"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The same run, which nobody looks into."""
    return train(sample_spec(), tmp_path_factory.mktemp("plain"))


def inside(records: list[Record]) -> dict[tuple[str, str, str, int], Any]:
    """What looks have found: numbers and arrays by name, place and step."""
    found: dict[tuple[str, str, str, int], Any] = {}
    for one in records:
        if isinstance(one, MetricPoint) and "/" in one.metric:
            found[one.metric, one.layer, one.tensor, one.step] = np.float64(one.value).tobytes()
        if isinstance(one, MetricArray):
            edges = b"" if one.edges is None else one.edges.tobytes()
            found[one.metric, one.layer, one.tensor, one.step] = one.values.tobytes() + edges
    return found


def trained_bits(training: Training) -> dict[str, bytes]:
    """The variables of the last checkpoint, without what looks remember."""
    return {
        name: value for name, value in bits(training.checkpoint).items() if not name.startswith("inside/")
    }


def steps(training: Training, metric: str) -> list[int]:
    return sorted({step for name, _, _, step in inside(training.records) if name == metric})


def test_the_training_is_the_one_that_nobody_looks_into(looked_at: Training, plain: Training):
    """Looking is free of consequences: weights, optimizer and every number that Keras logs are the same bits."""
    said = {key: value for key, value in outcome(looked_at.records).items() if "/" not in str(key[1])}
    theirs = outcome(plain.records)

    assert trained_bits(looked_at) == bits(plain.checkpoint)
    assert said.keys() >= theirs.keys()
    assert {key: said[key] for key in theirs} == theirs


def test_looks_are_made_when_they_are_due(looked_at: Training):
    """At the first step and each fifth; at the last step of an epoch."""
    by_fives = [1, *range(5, 4 * BATCHES + 1, 5)]

    assert steps(looked_at, "weights/mean") == by_fives
    assert steps(looked_at, "weight_updates/histogram") == [1, *range(7, 4 * BATCHES + 1, 7)]
    assert steps(looked_at, "probe_activations/svcca_last") == [32, 48, 64]
    assert steps(looked_at, "hessian/eigenvalue_1") == [16, 48, 64]
    assert steps(looked_at, "test/accuracy") == [16, 32, 48, 64]
    assert steps(looked_at, "weights/mean_over_layers") == by_fives


def test_what_was_looked_at_is_said_by_layer_and_array(looked_at: Training):
    """Names are those of the captures."""
    places = {
        (layer, tensor) for name, layer, tensor, _ in inside(looked_at.records) if name == "weights/mean"
    }
    told = facts(looked_at.records)["introspection"]

    assert places == {("hidden", "kernel"), ("scores", "kernel")}
    assert [one["metric"] for one in told["observed"]][:2] == ["mean", "mean"]
    assert told["observed"][0]["results"] == ["weights/mean"]
    assert (told["suspended"], told["ignored"]) == ([], [])


def test_test_accuracy_is_what_keras_evaluates(looked_at: Training):
    """At the last step of the run the test set was seen with the weights before it; the end says the same or nearly."""
    at_end = outcome(looked_at.records)["metric", "test_accuracy", 3]
    found = np.frombuffer(inside(looked_at.records)["test/accuracy", "", "", 4 * BATCHES])[0]

    assert found == pytest.approx(np.frombuffer(at_end[1])[0], abs=0.05)


def test_an_epoch_that_people_see_is_complete(looked_at: Training):
    """Whatever was seen of an epoch is recorded before the epoch counts as done."""
    done = 0
    for one in looked_at.records:
        if isinstance(one, Progress):
            done = one.epochs_done
        if isinstance(one, MetricPoint | MetricArray) and "/" in one.metric:
            assert one.epoch >= done


def test_what_it_costs_is_told(looked_at: Training, plain: Training):
    """Of looking, of compiling, and of what is done beside."""
    cost = facts(looked_at.records)["introspection_cost"]

    assert cost["share"] > 0
    assert cost["estimated_share"] > 0
    assert cost["compiled_s"] > 0
    assert cost["by_metric"].keys() == {one.metric for one in EVERYTHING}
    assert not {"introspection", "introspection_cost"} & facts(plain.records).keys()


@pytest.mark.parametrize(
    "readings", [25, pytest.param(33, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)]
)
def test_a_paused_run_sees_what_the_straight_one_sees(looked_at: Training, tmp_path: Path, readings: int):
    """Cosines with the gradient before, similarities with earlier looks: what they need is in the checkpoint."""
    spec = sample_spec(introspection=EVERYTHING)
    paused = train(spec, tmp_path, mailbox=PausingMailbox(readings))
    resumed = train(spec, tmp_path)

    assert paused.status.outcome == "paused"
    assert inside([*paused.records, *resumed.records]) == inside(looked_at.records)
    assert trained_bits(resumed) == trained_bits(looked_at)


BROKEN = """
import time
from nntracker_ray.introspection import Subscriber

class Breaks(Subscriber):
    \"\"\"Is right at first.\"\"\"

    def __init__(self, way: str = "raises"):
        self.way, self.asked = way, 0
        self.topics = ("weights", "weight_updates") if way == "cannot be traced late" else ("weights",)

    def reduce(self, values, ops):
        if self.way.startswith("cannot be traced"):
            raise RuntimeError("no such thing")
        return {"weights": values["weights"]}

    def measure(self, message):
        self.asked += 1
        if self.asked > 2 and self.way == "raises":
            raise ArithmeticError("boom")
        if self.asked > 2 and self.way == "hangs":
            time.sleep(600)
        if self.asked > 2 and self.way == "says text":
            return {"x": "text"}
        return {"asked": self.asked}
"""


@pytest.fixture
def broken(install: Install) -> None:  # noqa: F811 (the fixture)
    install(BROKEN, breaks="Breaks")


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("raises", "ArithmeticError: boom"),
        ("says text", "text"),
        ("hangs", "more than 0.5 s"),
        ("cannot be traced", "no such thing"),
        ("cannot be traced late", "no such thing"),
    ],
)
def test_what_fails_is_suspended_and_nothing_else_is(plain: Training, tmp_path: Path, way: str, why: str):
    """Training goes on to the same end, the other metrics are taken, and people read what happened."""
    bad = Observed("breaks", conf={"way": way}, every=5, limit_s=0.5, budget=UNLIMITED)
    good = Observed("norm", every=5, budget=UNLIMITED)
    late = Observed("ratio", every=5, budget=UNLIMITED)

    training = train(sample_spec(introspection=(bad, good, late)), tmp_path)

    told = facts(training.records)["introspection"]["suspended"]
    assert [one["metric"] for one in told] == ["breaks"]
    assert why in told[0]["why"]
    assert len(steps(training, "weights/norm")) == 13
    assert len(steps(training, "weight_updates/update_ratio")) == 13
    assert trained_bits(training) == bits(plain.checkpoint)


def test_a_metric_that_this_machine_lacks_is_said(plain: Training, tmp_path: Path):
    """A plug-in may be installed where a run is submitted and not where it trains."""
    training = train(sample_spec(introspection=(Observed("of_another_machine"), Observed("mean"))), tmp_path)

    (told,) = facts(training.records)["introspection"]["suspended"]
    assert told["metric"] == "of_another_machine"
    assert "unknown metric" in told["why"]
    assert steps(training, "weights/mean") == [1]
    assert trained_bits(training) == bits(plain.checkpoint)


def test_a_metric_to_which_the_model_has_nothing_to_say(tmp_path: Path):
    """Somebody looks at a layer that is not there."""
    nowhere = Observed("mean", topics=("weights", "activations"), layers=("conv*",))
    training = train(sample_spec(introspection=(nowhere,)), tmp_path)

    told = facts(training.records)["introspection"]["ignored"]
    assert told == [
        {"metric": "mean", "why": f"none of the layers conv* has {topic}"}
        for topic in ("weights", "activations")
    ]
