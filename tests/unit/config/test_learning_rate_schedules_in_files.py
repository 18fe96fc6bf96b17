"""The key `learning_rate_schedule`: what it takes, what the runs get, and how every mistake is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from nntracker_ray.config import read_config
from nntracker_ray.errors import ConfigError
from nntracker_ray.grid import run_specs
from nntracker_ray.records import DatasetRef, LearningRateSchedule

STEP = {"kind": "step", "every": 10}


def read(catalog, minimal, **given: Any):
    return read_config({**minimal, **given}, catalog=catalog)


def problems_of(catalog, minimal, **given: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(catalog, minimal, **given)
    return {problem.path: problem.message for problem in caught.value.problems}


def specs(config):
    data = DatasetRef("ab" * 32, "train.npz")
    return run_specs(config, uuid4(), train=data, validation=None, test=None, model_digest="cd" * 32)


def scheduled(catalog, minimal, schedule: Any, **given: Any) -> LearningRateSchedule | None:
    config = read(catalog, minimal, **given, learning_rate_schedule=schedule)
    return specs(config)[0].schedule


class TestWhatRunsGet:
    def test_nothing_without_the_key(self, catalog, minimal):
        """A run without a schedule is what it was before there were any."""
        assert specs(read(catalog, minimal))[0].schedule is None

    @pytest.mark.parametrize(
        ("schedule", "kind", "conf"),
        [
            ("constant", "constant", {}),
            (STEP, "step", {"factor": 0.1, "every": 10}),
            ({"kind": "exponential", "rate": 0.9}, "exponential", {"rate": 0.9}),
            ("cosine", "cosine", {"epochs": 3, "floor": 0.0, "warmup": 0}),
            (
                {"kind": "cosine", "epochs": 9, "warmup": 5},
                "cosine",
                {"epochs": 9, "floor": 0.0, "warmup": 5},
            ),
            ({"kind": "policy", "expression": " rate * 0.9 "}, "policy", {"expression": "rate * 0.9"}),
        ],
    )
    def test_every_argument_spelled_out(self, catalog, minimal, schedule, kind, conf):
        """A later version with other defaults trains an old run as it was meant."""
        assert scheduled(catalog, minimal, schedule) == LearningRateSchedule(kind, conf)

    def test_a_plateau_watches_what_is_measured(self, catalog, minimal):
        """val_loss as in Keras, the loss where nothing is held out."""
        validated = scheduled(catalog, minimal, "plateau")
        plain = scheduled(catalog, minimal, "plateau", validation_split=0)

        assert validated is not None
        assert plain is not None
        assert (validated.conf["monitor"], plain.conf["monitor"]) == ("val_loss", "loss")

    def test_one_schedule_for_each_run_of_a_sweep(self, catalog, minimal):
        """Which schedule is best is a question like which rate."""
        sweep = {"learning_rate_schedule": ["constant", "cosine", STEP], "total_epochs": [3, 5]}
        del minimal["total_epochs"]

        made = specs(read(catalog, minimal, sweep=sweep))

        assert [run.schedule.kind for run in made if run.schedule] == [
            *(["constant"] * 2),
            *(["cosine"] * 2),
            *(["step"] * 2),
        ]
        assert [run.schedule.conf["epochs"] for run in made[2:4] if run.schedule] == [3, 5]
        assert len({run.run_id for run in made}) == 6


class TestOneIdentity:
    def test_however_it_is_written(self, catalog, minimal):
        """Submitted again after the file was tidied, the same runs go on."""
        short = read(catalog, minimal, learning_rate_schedule="cosine")
        long = read(catalog, minimal, learning_rate_schedule={"warmup": 0, "floor": 0.0, "kind": "cosine"})

        assert short == long
        assert short.identity() == long.identity()

    def test_a_changed_argument_is_another_experiment(self, catalog, minimal):
        """Two trainings in one identity would overwrite each other."""
        found = {
            read(catalog, minimal, learning_rate_schedule=schedule).identity()
            for schedule in (
                "cosine",
                {"kind": "cosine", "warmup": 1},
                "plateau",
                STEP,
                {**STEP, "factor": 0.2},
            )
        }

        assert len(found) == 5

    @pytest.mark.parametrize(
        "given",
        [{"learning_rate_schedule": STEP}, {"sweep": {"learning_rate_schedule": ["cosine", STEP]}}],
    )
    def test_what_is_written_out_is_read_as_the_same(self, catalog, minimal, given):
        """A run's file can be saved, changed and submitted."""
        config = read(catalog, minimal, **given)

        assert read_config(config.as_file(), catalog=catalog) == config


class TestMistakes:
    @pytest.mark.parametrize(
        ("schedule", "path", "words"),
        [
            (3, "", "name of a kind or an object"),
            ("cosin", ".kind", "Did you mean 'cosine'"),
            ({"every": 3}, ".kind", "must be one of constant, step"),
            ({"kind": ["step"]}, ".kind", "must be one of"),
            ("step", ".every", "required"),
            ({"kind": "step", "every": 0}, ".every", "came 0"),
            ({"kind": "step", "every": 1.5}, ".every", "whole number"),
            ({"kind": "step", "every": 1, "factor": "x"}, ".factor", "number"),
            ({"kind": "step", "evry": 1, "every": 2}, ".evry", "Did you mean 'every'"),
            ({"kind": "exponential", "every": 1, "rate": 0.5}, ".every", "unknown key for exponential"),
            ({"kind": "exponential", "rate": -1}, ".rate", "greater than 0"),
            ({"kind": "plateau", "factor": 1.0}, ".factor", "less than 1"),
            ({"kind": "plateau", "monitor": "val_los"}, ".monitor", "Did you mean 'val_loss'"),
            ({"kind": "cosine", "warmup": 3}, ".warmup", "less than total_epochs (3); came 3"),
            ({"kind": "cosine", "warmup": 3, "epochs": 2}, "", "warmup must be less than epochs (2)"),
            ("policy", ".expression", "required"),
            ({"kind": "policy", "expression": "rate *"}, ".expression", "column 7: this is no formula"),
            (
                {"kind": "policy", "expression": "floot(epoch) + rate.real"},
                ".expression",
                "column 1: unknown function 'floot'",
            ),
            ({"kind": "policy", "expression": "floot(epoch) + rate.real"}, ".expression", "column 16:"),
            (
                {"kind": "policy", "expression": "rate * epochs"},
                ".expression",
                "column 8: unknown name 'epochs'; Did you mean 'epoch'",
            ),
        ],
    )
    def test_are_told_with_their_place(self, catalog, minimal, schedule, path, words):
        """At submission, and not in the tenth epoch."""
        found = problems_of(catalog, minimal, learning_rate_schedule=schedule)

        assert words in found[f"learning_rate_schedule{path}"]

    def test_of_a_sweep_are_told_with_their_place(self, catalog, minimal):
        """The third of five schedules is wrong: which?"""
        sweep = {"learning_rate_schedule": ["cosine", {"kind": "step", "every": 0}]}

        found = problems_of(catalog, minimal, sweep=sweep)

        assert list(found) == ["sweep.learning_rate_schedule[1].every"]

    def test_include_the_same_schedule_twice(self, catalog, minimal):
        """It would make the same run twice."""
        sweep = {"learning_rate_schedule": ["cosine", {"kind": "cosine", "warmup": 0}]}

        assert "2 times" in problems_of(catalog, minimal, sweep=sweep)["sweep.learning_rate_schedule"]

    def test_include_a_value_and_a_sweep_of_it(self, catalog, minimal):
        """One of the two would mean nothing."""
        given = {"sweep": {"learning_rate_schedule": ["cosine"]}, "learning_rate_schedule": "constant"}

        assert (
            "keep the value or the sweep"
            in problems_of(catalog, minimal, **given)["sweep.learning_rate_schedule"]
        )

    @pytest.mark.parametrize(
        "schedule",
        [{"kind": "plateau", "monitor": "val_loss"}, {"kind": "policy", "expression": "rate * val_loss"}],
    )
    def test_include_validation_that_is_not_there(self, catalog, minimal, schedule):
        """The rate would never change, without a word."""
        found = problems_of(catalog, minimal, learning_rate_schedule=schedule, validation_split=0)

        assert "needs validation data" in next(iter(found.values()))

    def test_an_extra_metric_may_be_named(self, catalog, minimal):
        """What is measured can steer."""
        schedule = {"kind": "policy", "expression": "rate * min(1, val_logcosh + logs)"}
        extra = ["LogCoshError", {"metric": "KLDivergence", "conf": {"name": "logs"}}]

        config = read(catalog, minimal, learning_rate_schedule=schedule, **{"extra-metrics": extra})

        assert config.learning_rate_schedule is not None

    def test_a_schedule_object_of_keras_is_refused_with_the_way_out(self, catalog, minimal):
        """Copied from a Keras script; built from the file it would run code of the file's choosing."""
        conf = {"learning_rate": {"class_name": "ExponentialDecay", "config": {"decay_rate": 0.9}}}

        found = problems_of(catalog, minimal, optimizers=[{"optimizer": "Adam", "conf": conf}])

        assert "use the key 'learning_rate_schedule'" in found["optimizers[0].conf.learning_rate"]
