import pytest

from nntracker_ray.config import read_config
from nntracker_ray.errors import ConfigError
from nntracker_ray.records import NamedConf


def problems_of(source, catalog):
    """Path -> message of every problem of a source that must be refused."""
    with pytest.raises(ConfigError) as caught:
        read_config(source, catalog=catalog)
    return {problem.path: problem.message for problem in caught.value.problems}


def sgd(**conf):
    return {"optimizers": [{"optimizer": "SGD", "conf": conf}]}


class TestNames:
    @pytest.mark.parametrize("name", ["rmsprop", "RMSprop", "RMSPROP", " rmsprop "])
    def test_are_found_however_written(self, catalog, minimal, name):
        """Keras spells RMSprop in a way nobody remembers."""
        assert read_config(minimal | {"optimizers": [name]}, catalog=catalog).optimizers == (
            NamedConf("RMSprop"),
        )

    def test_snake_case_is_a_class_too(self, catalog, minimal):
        """Keras itself takes both."""
        config = read_config(minimal | {"loss_functions": ["mean_squared_error"]}, catalog=catalog)

        assert config.losses == (NamedConf("MeanSquaredError"),)

    @pytest.mark.parametrize(
        ("entry", "path"),
        [
            (3, "optimizers[0]"),
            (None, "optimizers[0]"),
            ({}, "optimizers[0].optimizer"),
            ({"optimizer": None}, "optimizers[0].optimizer"),
            ({"optimizer": "nonsense"}, "optimizers[0].optimizer"),
            ({"optimizer": "sgd", "conf": 3}, "optimizers[0].conf"),
            ({"optimizer": "sgd", "config": {}}, "optimizers[0].config"),
        ],
    )
    def test_entries_of_the_wrong_form_are_refused(self, catalog, minimal, entry, path):
        """With the form that was expected."""
        assert list(problems_of(minimal | {"optimizers": [entry]}, catalog)) == [path]


class TestArguments:
    @pytest.mark.parametrize(
        ("written", "value"),
        [("1e-7", 1e-7), ("0.5", 0.5), (0.5, 0.5), (1, 1), ("null", None), (None, None)],
    )
    def test_text_is_read_as_json(self, catalog, minimal, written, value):
        """Forms and the original tracker write numbers as text."""
        given = minimal | {"optimizers": [{"optimizer": "adam", "conf": {"weight_decay": written}}]}

        assert read_config(given, catalog=catalog).optimizers[0].conf == {"weight_decay": value}

    def test_booleans_come_as_text_too(self, catalog, minimal):
        """`"true"` is a boolean."""
        assert read_config(minimal | sgd(nesterov="true"), catalog=catalog).optimizers[0].conf == {
            "nesterov": True
        }

    def test_other_text_stays_text(self, catalog, minimal):
        """`sum` is no JSON and means itself."""
        given = minimal | {"loss_functions": [{"loss_function": "Huber", "conf": {"reduction": "sum"}}]}

        assert read_config(given, catalog=catalog).losses[0].conf == {"reduction": "sum"}

    @pytest.mark.parametrize("word", ["Infinity", "NaN", "-Infinity"])
    def test_words_that_only_some_json_readers_take_for_numbers_stay_text(self, catalog, minimal, word):
        """They are no JSON; a metric may be called so."""
        given = minimal | {"extra-metrics": [{"metric": "LogCoshError", "conf": {"name": word}}]}

        assert read_config(given, catalog=catalog).extra_metrics[0].conf == {"name": word}

    @pytest.mark.parametrize(
        "conf",
        [
            {"momentum": 1.5},
            {"momentum": -0.1},
            {"momentum": "abc"},
            {"momentum": True},
            {"momentum": float("nan")},
            {"momentum": "NaN"},
            {"momentum": "1e999"},
            {"momentum": 10**400},
            {"momentum": [0.9]},
            {"nesterov": 1},
            {"nesterov": "yes"},
            {"name": "5"},
            {"momentun": 0.9},
            {"learning_rate": 0},
            {"learning_rate": {"class_name": "ExponentialDecay", "config": {}}},
            {"weight_decay": {"class_name": "Lambda"}},
            {"weight_decay": [{"class_name": "Lambda"}]},
            {"weight_decay": -1},
            {"weight_decay": float("inf")},
        ],
    )
    def test_that_keras_would_refuse_or_misread_are_refused_here(self, catalog, minimal, conf):
        """An error after an hour in the queue is an hour too late; nested objects would run code."""
        assert list(problems_of(minimal | sgd(**conf), catalog)) == [f"optimizers[0].conf.{next(iter(conf))}"]

    def test_required_ones_are_asked_for(self, catalog, minimal):
        """MeanIoU cannot be built without its number of classes."""
        assert list(problems_of(minimal | {"extra-metrics": ["MeanIoU"]}, catalog)) == [
            "extra-metrics[0].conf.num_classes"
        ]

    def test_one_metric_twice_under_two_names_is_fine(self, catalog, minimal):
        """MeanIoU for two numbers of classes, say."""
        entries = [{"metric": "MeanIoU", "conf": {"num_classes": k, "name": f"iou_{k}"}} for k in (2, 3)]

        assert len(read_config(minimal | {"extra-metrics": entries}, catalog=catalog).extra_metrics) == 2


class TestSweeps:
    def test_keys_come_in_alphabetical_order(self, catalog, minimal):
        """The order of keys in a file must not change the order of the runs."""
        given = minimal | {"sweep": {"optimizer.beta_1": [0.8, "0.9"], "batch_size": [8, 16]}}

        config = read_config(given, catalog=catalog)

        assert list(config.sweep.items()) == [("batch_size", (8, 16)), ("optimizer.beta_1", (0.8, 0.9))]

    @pytest.mark.parametrize(
        ("sweep", "path"),
        [
            ({"batch_size": []}, "sweep.batch_size"),
            ({"batch_size": 8}, "sweep.batch_size"),
            ({"batch_size": [8, 0]}, "sweep.batch_size[1]"),
            ({"batch_size": [1, True]}, "sweep.batch_size[1]"),
            ({"batch_size": [1.5]}, "sweep.batch_size[0]"),
            ({"total_epochs": [5]}, "sweep.total_epochs"),
            ({"seed": [1, 2]}, "sweep.seed"),
            ({"scaling": ["none"]}, "sweep.scaling"),
            ({"optimizer": ["adam"]}, "sweep.optimizer"),
            ({"optimizer.": [1]}, "sweep.optimizer."),
            ({"optimizer.learning_rate": [0.1]}, "sweep.optimizer.learning_rate"),
            ({"optimizer.momentum": [0.1]}, "sweep.optimizer.momentum"),
            ({"optimizer.beta_1": [0.1, 2]}, "sweep.optimizer.beta_1[1]"),
            ({"loss_function.delta": [1.0]}, "sweep.loss_function.delta"),
        ],
    )
    def test_over_what_cannot_be_swept_are_refused(self, catalog, minimal, sweep, path):
        """Adam has no momentum, total_epochs is given already, seeds have `repeats`."""
        assert list(problems_of(minimal | {"sweep": sweep}, catalog)) == [path]

    def test_an_argument_must_exist_for_every_optimizer(self, catalog, minimal):
        """Half a grid that cannot start is no grid."""
        given = minimal | {"optimizers": ["sgd", "adam"], "sweep": {"optimizer.momentum": [0.1, 0.9]}}

        assert "unknown key for Adam" in problems_of(given, catalog)["sweep.optimizer.momentum"]

    def test_a_value_is_given_or_swept_not_both(self, catalog, minimal):
        """One of the two would mean nothing."""
        given = (
            minimal
            | sgd(momentum=0.5)
            | {"batch_size": 4, "sweep": {"optimizer.momentum": [0.1], "batch_size": [8]}}
        )

        assert set(problems_of(given, catalog)) == {"sweep.optimizer.momentum", "sweep.batch_size"}

    def test_epochs_may_be_swept_in_place_of_being_given(self, catalog, minimal):
        """Then `total_epochs` is not required."""
        del minimal["total_epochs"]

        assert read_config(minimal | {"sweep": {"total_epochs": [5, 9]}}, catalog=catalog).sweep == {
            "total_epochs": (5, 9)
        }
