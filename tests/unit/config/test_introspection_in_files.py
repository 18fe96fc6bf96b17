"""The key `introspection`: presets, metrics, when, where, and what is refused."""

from __future__ import annotations

from uuid import UUID

import pytest

from nntracker_ray.config import ExperimentConfig, read_config
from nntracker_ray.config.writing import as_yaml, file_of
from nntracker_ray.errors import ConfigError
from nntracker_ray.grid import run_specs
from nntracker_ray.introspection.presets import BASIC
from nntracker_ray.records import DatasetRef, Observed


def looking(minimal, catalog, *entries, **changes):
    return read_config(minimal | {"introspection": list(entries)} | changes, catalog=catalog)


def problems_of(minimal, catalog, *entries, **changes):
    with pytest.raises(ConfigError) as caught:
        looking(minimal, catalog, *entries, **changes)
    return {problem.path: problem.message for problem in caught.value.problems}


class TestWhatARunLooksAt:
    def test_a_preset_is_its_metrics(self, catalog, minimal):
        """A run's record says what is taken, not by what name it was chosen."""
        assert looking(minimal, catalog, "basic").introspection_spec == BASIC.metrics

    def test_a_name_alone_is_the_metric_with_its_own_topics_and_cadence(self, catalog, minimal):
        """Once an epoch what is expensive, every 100 steps what is not."""
        found = looking(minimal, catalog, "mean", "svcca").introspection_spec

        assert found == (
            Observed("mean", topics=("weights",), every=100),
            Observed("svcca", every=None, every_epochs=1),
        )

    def test_an_object_says_all_of_it(self, catalog, minimal):
        """Text of arguments is read as JSON, as everywhere."""
        entry = {
            "metric": "norm", "conf": {"p": "1"}, "topics": ["weights", "activations"], "every_epochs": 2,
            "layers": ["dense*"], "budget": 0.5, "limit_s": 5,
        }  # fmt: skip

        assert looking(minimal, catalog, entry).introspection_spec == (
            Observed("norm", {"p": 1}, ("weights", "activations"), None, 2, ("dense*",), 0.5, 5.0),
        )

    def test_one_entry_and_one_word_may_stand_without_a_list(self, catalog, minimal):
        """As optimizers may."""
        one = read_config(minimal | {"introspection": "mean"}, catalog=catalog)
        other = looking(minimal, catalog, {"metric": "mean", "topics": "biases", "layers": "dense*"})

        assert [look.metric for look in one.introspection_spec] == ["mean"]
        assert other.introspection_spec == (Observed("mean", topics=("biases",), layers=("dense*",)),)

    def test_presets_leave_out_what_needs_a_test_set_where_there_is_none(self, catalog, minimal):
        """It would be suspended in every run."""
        without, with_test = (
            looking(minimal, catalog, "everything", **changes) for changes in ({}, {"dataset_test": "t.npz"})
        )

        assert "test_accuracy" not in {one.metric for one in without.introspection_spec}
        assert "test_accuracy" in {one.metric for one in with_test.introspection_spec}

    def test_every_run_of_the_grid_carries_it(self, catalog, minimal):
        """Workers know the specification and nothing else."""
        config = looking(minimal, catalog, "gradients", learning_rates=[0.1, 0.01])
        data = DatasetRef("d", "t.npz")

        specs = run_specs(config, UUID(int=1), train=data, validation=None, test=None, model_digest="m")

        assert [spec.introspection for spec in specs] == [config.introspection_spec] * 2


class TestFileAndIdentity:
    def test_without_the_key_an_experiment_is_what_it_always_was(self, catalog, minimal):
        """Submitted again after an update it must find its old runs."""
        plain = read_config(minimal, catalog=catalog)

        assert "introspection" not in plain.as_file()
        assert looking(minimal, catalog).identity() == plain.identity()
        assert plain.introspection_spec == ()

    def test_however_it_is_spelled_it_is_the_same(self, catalog, minimal):
        """Text or number, name or object."""
        one = looking(minimal, catalog, "mean", {"metric": "norm", "conf": {"p": 1}, "topics": ["weights"]})
        other = looking(
            minimal,
            catalog,
            {"metric": "mean", "conf": {}},
            {"topics": "weights", "conf": {"p": "1"}, "metric": "norm"},
        )

        assert one == other
        assert one.identity() == other.identity() != looking(minimal, catalog, "mean").identity()

    def test_the_file_says_what_was_written(self, catalog, minimal):
        """A preset stays a preset."""
        entries = ["basic", "svcca", {"metric": "norm", "conf": {"p": "inf"}, "every": 10}]
        config = looking(minimal, catalog, *entries)

        assert config.as_file()["introspection"] == entries
        assert read_config(as_yaml(config.as_file()), catalog=catalog) == config

    def test_what_is_stored_can_be_read_where_a_metric_is_missing(self, catalog, minimal):
        """An administrator may take a plug-in away; its experiments stay."""
        stored = looking(minimal, catalog, "mean").canonical()
        stored["introspection"][0]["metric"] = "gone"

        assert "introspection: [gone]" in file_of(stored)
        assert ExperimentConfig.model_validate(stored).introspection_spec == (Observed("gone"),)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("entry", "path", "words"),
        [
            ("bsic", "", "unknown metric 'bsic'. Did you mean 'basic'?"),
            ("nrom", "", "Did you mean 'norm'?"),
            (3, "", "must be a preset, a metric or an object"),
            ({}, ".metric", "required, but missing"),
            ({"metric": "basic"}, ".metric", "is a preset; write its name alone"),
            ({"metric": "mean", "evry": 3}, ".evry", "Did you mean 'every'?"),
            ({"metric": "mean", "every": 0}, ".every", "must be greater than or equal to 1"),
            ({"metric": "mean", "every": 1, "every_epochs": 1}, ".every_epochs", "keep one of the two"),
            ({"metric": "mean", "layers": []}, ".layers", "at least 1 item"),
            ({"metric": "mean", "budget": 2}, ".budget", "less than or equal to 1"),
            ({"metric": "mean", "limit_s": 0}, ".limit_s", "greater than 0"),
            ({"metric": "mean", "topics": ["wieghts"]}, ".topics[0]", "Did you mean 'weights'?"),
            ({"metric": "norm", "conf": {"p": 0}}, ".conf.p", "must be a number from 1 to inf"),
            ({"metric": "norm", "conf": 3}, ".conf", "must be an object"),
            ("mean_over_layers", ".conf.of", "required, but missing"),
            ("test_accuracy", "", "needs a test set"),
            (
                {"metric": "mean_over_layers", "conf": {"of": "weights/norm"}},
                "",
                "no metric here is of 'weights'",
            ),
        ],
        ids=lambda part: part if isinstance(part, str) else None,
    )
    def test_each_at_its_place(self, catalog, minimal, entry, path, words):
        """With the nearest name, or what is allowed."""
        found = problems_of(minimal, catalog, "svcca", entry)

        assert list(found) == [f"introspection[1]{path}"]
        assert words in found[f"introspection[1]{path}"]

    def test_all_at_once(self, catalog, minimal):
        """Also several of one entry, and those of other keys."""
        entry = {"metric": "mean", "every": 0, "topics": ["weights", "no"]}

        found = problems_of(minimal, catalog, "bsic", entry, batch_size=0)

        assert set(found) == {
            "introspection[0]",
            "introspection[1].every",
            "introspection[1].topics[1]",
            "batch_size",
        }

    @pytest.mark.parametrize(
        "again",
        ["mean", {"metric": "mean", "topics": ["biases", "weights"]}, {"metric": "mean", "every": 7}],
        ids=["name", "topics", "cadence"],
    )
    def test_the_same_twice(self, catalog, minimal, again):
        """Both would be recorded under one name."""
        assert "says the same as entry 0" in problems_of(minimal, catalog, "mean", again)["introspection[1]"]

    def test_the_same_metric_on_other_layers_or_with_other_arguments_is_not_the_same(self, catalog, minimal):
        """Often where it matters, seldom elsewhere."""
        entries = [
            {"metric": "norm", "layers": ["dense_1"], "every": 1},
            {"metric": "norm", "layers": ["conv*"]},
            {"metric": "norm", "layers": ["conv*"], "conf": {"p": 1}},
        ]

        assert len(looking(minimal, catalog, *entries).introspection_spec) == 3

    def test_it_is_not_swept(self, catalog, minimal):
        """What is looked at changes no training: two such runs would be the same one."""
        found = problems_of(minimal, catalog, sweep={"introspection": ["basic", "gradients"]})

        assert "cannot be swept" in found["sweep.introspection"]
