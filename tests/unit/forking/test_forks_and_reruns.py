"""What a fork may change, where it begins, and what becomes of its parent's specification."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from nntracker_ray.config.changes import ForkChanges, checked_changes, read_changes
from nntracker_ray.errors import BadInputError, ConfigError, ConflictError, NotFoundError
from nntracker_ray.forked_spec import comparable, forked, rerun
from nntracker_ray.forking import (
    Beginning,
    Kind,
    child_id,
    child_name,
    child_number,
    chosen_checkpoint,
    read_arguments,
)
from nntracker_ray.introspection.presets import GRADIENT_FLOW
from nntracker_ray.models.catalog import Catalog, Signature
from nntracker_ray.records import Configuration, EarlyStopping, NamedConf, Observed, Origin, SplitSpec
from tests.integration.storage.examples_of_records import run_spec

AT_EPOCH_5 = Beginning("epoch-0004", 5, 0, 50)
WITHIN_EPOCH_5 = Beginning("pause-53", 5, 3, 53)
KEPT = [
    {"name": "last", "kind": "last", "epochs_done": 5, "batches_done": 0, "steps_done": 50},
    {"name": "best", "kind": "best", "epochs_done": 4, "batches_done": 0, "steps_done": 40},
    {"name": "epoch-0004", "kind": "epoch", "epochs_done": 5, "batches_done": 0, "steps_done": 50},
]


def _catalog() -> Catalog:
    optimizers = [
        Signature("Adam", (), {"learning_rate": 0.001, "beta_1": 0.9}),
        Signature("SGD", (), {"learning_rate": 0.01, "momentum": 0.0}),
    ]
    losses = [Signature("Huber", (), {"delta": 1.0}), Signature("MeanSquaredError", (), {})]
    metrics = [Signature("MeanAbsoluteError", (), {"name": "mae"})]
    return Catalog(*({one.name: one for one in kind} for kind in (optimizers, losses, metrics)))


def changes(**given: Any) -> ForkChanges:
    return read_changes(given, catalog=_catalog())


class TestChanges:
    def test_names_and_values_are_read_as_in_an_experiment_file(self):
        """One language for people: what is right there is right here."""
        found = changes(optimizer={"optimizer": "sgd", "conf": {"momentum": "0.9"}}, loss_function="huber")

        assert found.optimizer == NamedConf("SGD", {"momentum": 0.9})
        assert found.loss_function == NamedConf("Huber")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"lerning_rate": 0.1}, "lerning_rate: unknown key. Did you mean 'learning_rate'?"),
            ({"learning_rate": -1.0}, "learning_rate: must be greater than 0"),
            ({"optimizer": "sdg"}, "Did you mean 'sgd'?"),
            ({"optimizer": ["sgd"]}, "must be one, not a list"),
            (
                {"optimizer": {"optimizer": "sgd", "conf": {"learning_rate": 0.5}}, "learning_rate": 0.1},
                "too",
            ),
            ({"extra-metrics": ["mae", "mae"]}, "'mean_absolute_error' is extra metric 0 already"),
            ({"learning_rate_schedule": {"kind": "stp"}}, "Did you mean 'step'?"),
            ({"resources": {"cpu": 2}}, "resources: unknown key"),
            ({"introspection": ["basik"]}, "introspection[0]: unknown metric 'basik'. Did you mean 'basic'?"),
            ({"introspection": {"metric": "mean", "topics": ["wieghts"]}}, "Did you mean 'weights'?"),
        ],
    )
    def test_what_cannot_be_changed_is_told_with_its_place(self, given: dict[str, Any], said: str):
        """Nothing is queued that would fail an hour later."""
        with pytest.raises(ConfigError) as refusal:
            read_changes(given, catalog=_catalog())

        assert said in str(refusal.value)

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"learning_rate": None, "early_stopping": None},
            {"early_stopping": True, "tags": ["a"], "seed": 3, "priority": -5, "name": "Mine"},
            {"optimizer": "sgd", "extra_metrics": ["mae"], "capture": {"weights": False}},
            {"learning_rate_schedule": {"kind": "step", "every": 2}},
            {"introspection": None},
            {"introspection": ["basic", {"metric": "norm", "conf": {"p": "1"}, "layers": "dense*"}]},
        ],
    )
    def test_changes_pass_through_a_command_unchanged(self, given: dict[str, Any]):
        """Commands are kept as JSON; absent and null stay two things."""
        found = changes(**given)

        assert checked_changes(found.canonical()) == found
        assert checked_changes(found.canonical()).given == found.given

    def test_arguments_are_brought_into_one_form(self):
        """The same fork asked for twice is the same command."""
        found = read_arguments({"checkpoint": 4, "name": " Mine "}, catalog=_catalog())

        assert found == {"checkpoint": "4", "changes": {"name": "Mine"}}
        with pytest.raises(BadInputError, match="Did you mean 'checkpoint'"):
            read_arguments({"checkpiont": 4}, catalog=_catalog())


class TestWhereAForkBegins:
    @pytest.mark.parametrize(
        ("wanted", "name"),
        [
            ("last", "last"),
            ("best.ckpt", "best"),
            ("epoch-0004", "epoch-0004"),
            (4, "epoch-0004"),
            ("3", "best"),
        ],
    )
    def test_a_checkpoint_is_named_or_counted(self, wanted: str | int, name: str):
        """An epoch is counted from 0, and one that is never replaced is preferred."""
        assert chosen_checkpoint(KEPT, wanted).checkpoint == name

    def test_one_that_is_not_there_is_refused_with_those_that_are(self):
        """What to try stands in the message."""
        with pytest.raises(NotFoundError, match=r"kept: last, best, epoch-0004\. Did you mean 'epoch-0004'"):
            chosen_checkpoint(KEPT, "epoch-0005")
        with pytest.raises(ConflictError, match="no checkpoint to fork from yet"):
            chosen_checkpoint([], "last")


class TestForkedSpecifications:
    def test_only_what_was_given_differs(self):
        """A fork compares one thing at a time."""
        parent = run_spec()

        spec = forked(parent, changes(batch_size=8), AT_EPOCH_5)

        assert spec.origin == Origin(parent.run_id, "epoch-0004")
        assert spec.batch_size == 8
        same = run_spec(batch_size=8, experiment_id=parent.experiment_id)
        assert comparable(spec) == comparable(forked(same, changes(), AT_EPOCH_5))

    def test_a_new_optimizer_brings_its_own_rate_or_keeps_the_one_asked_for(self):
        """The parent's rate was asked for, so it stays unless the new optimizer names one."""
        parent = run_spec()

        kept = forked(parent, changes(optimizer="sgd"), AT_EPOCH_5).configuration
        named = {"optimizer": "sgd", "conf": {"learning_rate": 0.5}}
        own = forked(parent, changes(optimizer=named), AT_EPOCH_5).configuration

        assert (kept.optimizer.name, kept.learning_rate) == ("SGD", 0.001)
        assert (own.optimizer.conf, own.learning_rate) == ({"learning_rate": 0.5}, None)

    def test_swept_values_say_what_the_fork_has(self):
        """A page that shows batch size 64 beside a run of 8 lies."""
        sweep = {"batch_size": 64, "optimizer.beta_1": 0.5}
        swept = Configuration(NamedConf("Adam", {"beta_1": 0.5}), NamedConf("MeanSquaredError"), None, sweep)

        spec = forked(run_spec(configuration=swept), changes(batch_size=8, optimizer="sgd"), AT_EPOCH_5)

        assert spec.configuration.sweep == {"batch_size": 8}

    def test_the_schedule_of_a_fork_may_be_set_and_taken_away(self):
        """Null means none, absent means the parent's."""
        step = forked(run_spec(), changes(learning_rate_schedule={"kind": "step", "every": 2}), AT_EPOCH_5)

        assert step.schedule is not None
        assert step.schedule.conf == {"factor": 0.1, "every": 2}
        assert forked(step, changes(seed=1), AT_EPOCH_5).schedule == step.schedule
        assert forked(step, changes(learning_rate_schedule=None), AT_EPOCH_5).schedule is None

    def test_epochs_must_be_left(self):
        """A fork that has nothing to train is a mistake."""
        with pytest.raises(ConflictError, match="has 5 epochs, and total_epochs is 5"):
            forked(run_spec(), changes(total_epochs=5), AT_EPOCH_5)

    @pytest.mark.parametrize(
        "given", [{"batch_size": 8}, {"seed": 8}, {"loss_function": "huber"}, {"extra_metrics": ["mae"]}]
    )
    def test_within_an_epoch_rows_and_means_stay_the_parents(self, given: dict[str, Any]):
        """Half an epoch in one order and half in another is an epoch that nobody asked for."""
        with pytest.raises(ConflictError, match="middle of epoch 5"):
            forked(run_spec(), changes(**given), WITHIN_EPOCH_5)

        assert forked(run_spec(), changes(learning_rate=0.5, batch_size=32), WITHIN_EPOCH_5).batch_size == 32

    def test_what_is_watched_must_be_measured(self):
        """Keras would only warn, in a log that nobody reads."""
        without = run_spec(split=SplitSpec("none", 1, 0))

        with pytest.raises(ConflictError, match="early_stopping, monitor: 'val_loss' needs validation data"):
            forked(without, changes(early_stopping=True), AT_EPOCH_5)
        with pytest.raises(ConflictError, match="Did you mean 'val_accuracy'"):
            forked(run_spec(), changes(early_stopping={"monitor": "val_acc"}), AT_EPOCH_5)
        plateau = {"kind": "plateau", "monitor": "mae"}
        with pytest.raises(ConflictError, match="unknown name 'mae'"):
            forked(run_spec(), changes(learning_rate_schedule=plateau), AT_EPOCH_5)

    def test_a_fork_keeps_the_metric_that_its_early_stopping_watches(self):
        """Else it would make all of its epochs, and nobody had said so."""
        stopping = EarlyStopping(monitor="val_mean_absolute_error")
        parent = run_spec(early_stopping=stopping, extra_metrics=(NamedConf("MeanAbsoluteError"),))

        with pytest.raises(ConflictError, match="unknown name 'val_mean_absolute_error'"):
            forked(parent, changes(extra_metrics=[]), AT_EPOCH_5)

    def test_a_fork_may_be_looked_into_more_closely(self):
        """Something went wrong at epoch 5: the next epochs show why, whatever was looked at before."""
        parent = run_spec(introspection=(Observed("mean", topics=("weights",), every=100),))
        closely = ["gradients", {"metric": "mean", "every": 10}]

        assert forked(parent, changes(), AT_EPOCH_5).introspection == parent.introspection
        assert forked(parent, changes(introspection=[]), AT_EPOCH_5).introspection == ()
        for beginning in (AT_EPOCH_5, WITHIN_EPOCH_5):
            found = forked(parent, changes(introspection=closely), beginning).introspection
            assert found == (Observed("mean", topics=("weights",), every=10), *GRADIENT_FLOW.metrics)

    def test_what_a_fork_looks_at_must_be_there(self):
        """Its test set is its parent's."""
        for looks, said in (
            (["test_accuracy"], r"introspection\[0\]: 'test_accuracy' needs a test set"),
            (
                [{"metric": "mean_over_layers", "conf": {"of": ["weights/norm"]}}],
                "no metric here is of 'weights'",
            ),
        ):
            with pytest.raises(ConflictError, match=said):
                forked(run_spec(test=None), changes(introspection=looks), AT_EPOCH_5)

    def test_a_rerun_is_its_parent_once_more(self):
        """Of a fork: from where that fork began."""
        parent = run_spec()
        child = run_spec(origin=Origin(parent.run_id, "last"))

        assert rerun(parent) == parent
        assert rerun(child).origin == Origin(child.run_id, "origin")


class TestNamesAndIds:
    def test_children_are_counted(self):
        """Gone ones leave their number."""
        taken = ["Digits fork 1", "Digits fork 3", "Digits fork 3 fork 9", "Mine"]

        assert child_name("Digits", Kind.FORK, child_number("Digits", Kind.FORK, taken)) == "Digits fork 4"
        assert child_number("Digits", Kind.RERUN, taken) == 1

    def test_an_id_is_stable_and_tells_every_difference(self):
        """The same fork made again elsewhere is the same run."""
        parent = UUID(int=1)
        ids = {
            child_id(parent, kind, content, number)
            for kind in Kind
            for content in (["last", {}], ["best", {}], ["last", {"seed": 1}])
            for number in (1, 2)
        }

        assert len(ids) == 12
        assert child_id(parent, Kind.FORK, ["last", {}], 1) in ids
