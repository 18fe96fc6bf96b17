import pytest

from nntracker_ray.config import read_config
from nntracker_ray.errors import ConfigError
from nntracker_ray.records import (
    CaptureSpec,
    CheckpointPolicy,
    EarlyStopping,
    NamedConf,
    Resources,
    SplitSpec,
)


def problems_of(source, catalog):
    """Path -> message of every problem of a source that must be refused."""
    with pytest.raises(ConfigError) as caught:
        read_config(source, catalog=catalog)
    return {problem.path: problem.message for problem in caught.value.problems}


class TestDefaults:
    def test_are_those_of_the_manual(self, catalog, minimal):
        """docs/experiment-file.md promises each of them."""
        config = read_config(minimal, catalog=catalog)

        assert (config.batch_size, config.epoch_period, config.checkpoint_period) == (32, 1, 1)
        assert config.optimizers == (NamedConf("Adam"),)
        assert config.learning_rates == (None,)
        assert (config.seed, config.repeats, config.sweep, config.folds) == (0, 1, {}, None)
        assert config.split == SplitSpec("hold-out", 1, 0, validation_share=0.2)
        assert config.resources_spec == Resources(cpu=1.0, gpu=0.0)
        assert config.capture_spec == CaptureSpec(epoch_period=1, weights=True, layers=("*",))
        assert (config.early_stopping_spec, config.max_concurrent, config.model) == (None, None, None)
        assert (config.one_hot_columns, config.scaling, config.backend) == ((), "none", "tensorflow")

    def test_null_counts_as_absent(self, catalog, minimal):
        """Forms write every key, empty ones as null."""
        assert read_config(minimal | {"dataset_val": None, "folds": None}, catalog=catalog) == read_config(
            minimal, catalog=catalog
        )


class TestSpellings:
    @pytest.mark.parametrize("key", ["k-fold_validation", "k_fold_validation", "kfold_validation"])
    def test_of_the_fold_count(self, catalog, minimal, key):
        """Old files and underscores are both common."""
        assert read_config(minimal | {key: 3}, catalog=catalog).folds.count == 3

    @pytest.mark.parametrize(
        ("key", "value", "field", "expected"),
        [
            ("k-fold_tag", "T", "k_fold_tag", "T"),
            ("kfold_tag", "T", "k_fold_tag", "T"),
            ("extra-metrics", ["LogCoshError"], "extra_metrics", (NamedConf("LogCoshError"),)),
            ("extra_metrics", ["LogCoshError"], "extra_metrics", (NamedConf("LogCoshError"),)),
            ("batch-size", 8, "batch_size", 8),
        ],
    )
    def test_of_other_keys(self, catalog, minimal, key, value, field, expected):
        """A hyphen and an underscore are the same key."""
        assert getattr(read_config(minimal | {key: value}, catalog=catalog), field) == expected

    def test_of_the_losses(self, catalog, minimal):
        """`loss_function` is what the entries are called, so people write it for the list too."""
        del minimal["loss_functions"]

        assert read_config(minimal | {"loss_function": "Huber"}, catalog=catalog).losses == (
            NamedConf("Huber"),
        )

    def test_a_message_uses_the_spelling_of_the_file(self, catalog, minimal):
        """A path that is not in the file cannot be found there."""
        assert list(problems_of(minimal | {"extra_metrics": [3]}, catalog)) == ["extra_metrics[0]"]
        assert list(problems_of(minimal | {"extra-metrics": [3]}, catalog)) == ["extra-metrics[0]"]


class TestEveryProblemAtOnce:
    def test_each_with_its_place(self, catalog):
        """Correcting a file one error at a time is a waste of an afternoon."""
        given = {
            "nmae": "x",
            "batch_size": True,
            "total_epochs": "3",
            "optimizers": [{"optimizer": "adm"}, {"optimizer": "sgd", "conf": {"momentum": "1.5"}}],
            "learning_rates": [-1, float("nan"), "0.1"],
            "folds": {"kind": "strat", "cuont": 2},
            "capture": {"gradients": True},
            "resources": {"gpu": 1.5},
        }

        found = problems_of(given, catalog)

        assert set(found) == {
            "nmae",
            "name",
            "dataset_train",
            "loss_functions",
            "batch_size",
            "total_epochs",
            "optimizers[0].optimizer",
            "optimizers[1].conf.momentum",
            "learning_rates[0]",
            "learning_rates[1]",
            "learning_rates[2]",
            "folds.kind",
            "folds.count",
            "folds.cuont",
            "capture.gradients",
            "resources.gpu",
        }
        assert "Did you mean 'name'?" in found["nmae"]
        assert "Did you mean 'adam'?" in found["optimizers[0].optimizer"]
        assert "Did you mean 'stratified'?" in found["folds.kind"]
        assert "Did you mean 'count'?" in found["folds.cuont"]

    def test_rules_between_sound_keys_are_checked_beside_broken_ones(self, catalog, minimal):
        """A missing name must not hide that the period is longer than the training."""
        del minimal["name"]

        assert set(problems_of(minimal | {"epoch_period": 9}, catalog)) == {"name", "epoch_period"}


class TestSingleValues:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("name", ""),
            ("name", "   "),
            ("name", "x" * 101),
            ("name", "two\nlines"),
            ("name", 5),
            ("model", 3),
            ("dataset_train", ""),
            ("batch_size", 0),
            ("batch_size", 1.0),
            ("batch_size", True),
            ("batch_size", 10**9),
            ("total_epochs", "3"),
            ("epoch_period", -1),
            ("seed", -1),
            ("seed", 2**31),
            ("repeats", 0),
            ("max_concurrent", 0),
            ("priority", 1001),
            ("priority", -1001),
            ("priority", 1.5),
            ("validation_split", 1),
            ("validation_split", -0.1),
            ("scaling", "std"),
            ("backend", "jax"),
            ("one_hot", "all"),
            ("tags", "a"),
            ("optimizers", 3),
            ("learning_rates", 0.1),
            ("k-fold_validation", 2.5),
            ("k-fold_validation", True),
            ("k-fold_validation", 1001),
            ("sweep", [1]),
            ("checkpoint_period", 0),
        ],
    )
    def test_out_of_their_range_are_refused(self, catalog, minimal, key, value):
        """Checked at the door, trusted inside."""
        assert list(problems_of(minimal | {key: value}, catalog)) == [key]

    @pytest.mark.parametrize(
        ("key", "value", "path"),
        [
            ("tags", ["x" * 201], "tags[0]"),
            ("learning_rates", [0], "learning_rates[0]"),
            ("learning_rates", [float("inf")], "learning_rates[0]"),
            ("learning_rates", [True], "learning_rates[0]"),
            ("learning_rates", [], "learning_rates"),
            ("optimizers", [], "optimizers"),
            ("resources", {"cpu": 0}, "resources.cpu"),
            ("resources", {"gpu": -1}, "resources.gpu"),
            ("early_stopping", {"patience": -1}, "early_stopping.patience"),
            ("early_stopping", {"min_delta": float("nan")}, "early_stopping.min_delta"),
            ("early_stopping", {"mode": "maximum"}, "early_stopping.mode"),
            ("capture", {"layers": []}, "capture.layers"),
            ("capture", {"activations": True}, "capture.activations"),
            ("capture", {"updates": True}, "capture.updates"),
            ("introspection", ["meen"], "introspection[0]"),
            ("folds", {"count": 1}, "folds.count"),
            ("folds", {"kind": "k-fold"}, "folds.count"),
            ("folds", {"kind": "group", "count": 2}, "folds.group"),
            ("folds", {"count": 2, "group": "g"}, "folds.group"),
            ("folds", {"count": 2, "include_validation": True}, "folds.include_validation"),
        ],
    )
    def test_inside_others_are_refused_with_their_place(self, catalog, minimal, key, value, path):
        """The place is what makes a message useful in a long file."""
        assert list(problems_of(minimal | {key: value}, catalog)) == [path]

    def test_what_this_version_cannot_do_is_said_plainly(self, catalog, minimal):
        """Accepting `gradients: true` and capturing none would be a lie in the data."""
        found = problems_of(minimal | {"capture": {"gradients": True}}, catalog)

        assert "this version captures weights only" in found["capture.gradients"]

    def test_tags_are_trimmed_and_kept_once(self, catalog, minimal):
        """`a` and ` a ` are one tag to the person who wrote them."""
        assert read_config(minimal | {"tags": ["b", " a ", "a"]}, catalog=catalog).tags == ("b", "a")

    def test_shorthands(self, catalog, minimal):
        """`true` is how people ask for something with its defaults."""
        config = read_config(minimal | {"early_stopping": True, "one_hot": True}, catalog=catalog)

        assert config.early_stopping_spec == EarlyStopping("val_loss", 5, 0.0, "auto", False)
        assert config.one_hot_columns == ("*",)
        assert read_config(
            minimal | {"early_stopping": False, "one_hot": False}, catalog=catalog
        ) == read_config(minimal, catalog=catalog)


class TestTheModel:
    def test_may_be_a_path_or_inline(self, catalog, minimal):
        """One file may hold everything."""
        tree = {"class_name": "Sequential", "config": {"layers": []}}

        assert read_config(minimal | {"model": "m.json"}, catalog=catalog).model == "m.json"
        assert read_config(minimal | {"model": tree}, catalog=catalog).model == tree

    def test_may_be_inline_json_text(self, catalog, minimal):
        """`model.to_json()` gives text; pasting it is the natural thing to do."""
        config = read_config(minimal | {"model": '{"class_name": "Sequential"}'}, catalog=catalog)

        assert config.model == {"class_name": "Sequential"}
        assert config.model_json() == '{"class_name": "Sequential"}'

    def test_broken_inline_json_text_is_a_problem_of_the_model(self, catalog, minimal):
        """Not of the whole file."""
        assert list(problems_of(minimal | {"model": '{"a": '}, catalog)) == ["model"]


class TestRulesBetweenKeys:
    def test_a_period_longer_than_the_shortest_swept_training_is_refused(self, catalog, minimal):
        """Such a run would capture only its end."""
        del minimal["total_epochs"]
        given = minimal | {"epoch_period": 5, "sweep": {"total_epochs": [10, 4]}}

        assert "total_epochs (4)" in problems_of(given, catalog)["epoch_period"]

    def test_a_learning_rate_comes_from_one_place(self, catalog, minimal):
        """With two, nobody could say which one was meant."""
        given = minimal | {
            "optimizers": [{"optimizer": "SGD", "conf": {"learning_rate": 0.1}}],
            "learning_rates": [0.01],
        }

        assert list(problems_of(given, catalog)) == ["optimizers[0].conf.learning_rate"]

    def test_a_learning_rate_in_a_conf_alone_is_fine(self, catalog, minimal):
        """It is the optimizer's own then."""
        given = minimal | {"optimizers": [{"optimizer": "SGD", "conf": {"learning_rate": "1e-2"}}]}

        config = read_config(given, catalog=catalog)

        assert (config.optimizers[0].conf, config.learning_rates) == ({"learning_rate": 0.01}, (None,))

    @pytest.mark.parametrize(
        ("key", "value", "path"),
        [
            ("learning_rates", [0.1, 0.1], "learning_rates"),
            ("optimizers", ["adam", "Adam"], "optimizers"),
            ("loss_functions", ["Huber", "huber"], "loss_functions"),
            ("sweep", {"optimizer.beta_1": [0.5, "0.5"]}, "sweep.optimizer.beta_1"),
            ("extra-metrics", ["LogCoshError", "LogCoshError"], "extra-metrics[1].conf.name"),
        ],
    )
    def test_the_same_point_twice_is_refused(self, catalog, minimal, key, value, path):
        """Two equal runs would share one identity, two equal metrics one curve."""
        assert list(problems_of(minimal | {key: value}, catalog)) == [path]

    @pytest.mark.parametrize("name", ["loss", "accuracy", "val_logcosh", "test_x", "learning_rate"])
    def test_a_metric_cannot_take_a_name_of_the_training(self, catalog, minimal, name):
        """Its curve would be mixed with another one."""
        entry = {"metric": "LogCoshError", "conf": {"name": name}}

        assert list(problems_of(minimal | {"extra-metrics": [entry]}, catalog)) == [
            "extra-metrics[0].conf.name"
        ]

    def test_an_absurd_grid_says_how_large_it_is(self, catalog, minimal):
        """A slip in one list must not fill the queue with a month of work."""
        rates = [i / 1000 for i in range(1, 1001)]
        given = minimal | {"learning_rates": rates, "repeats": 101}

        assert "101,000 runs; allowed: 100,000" in problems_of(given, catalog)[""]

    def test_fold_counts_that_disagree_are_refused(self, catalog, minimal):
        """Both forms may come, as long as they say the same."""
        agree = minimal | {"k-fold_validation": 3, "folds": {"kind": "stratified", "count": 3}}
        differ = minimal | {"k-fold_validation": 2, "folds": {"count": 3}}
        off = minimal | {"k-fold_validation": 1, "folds": {"count": 3}}

        assert read_config(agree, catalog=catalog).folds.kind == "stratified"
        assert list(problems_of(differ, catalog)) == ["k-fold_validation"]
        assert list(problems_of(off, catalog)) == ["k-fold_validation"]

    @pytest.mark.parametrize("count", [1, 0, -3])
    def test_less_than_two_folds_are_none(self, catalog, minimal, count):
        """As in the original tracker."""
        assert read_config(minimal | {"k-fold_validation": count}, catalog=catalog).folds is None

    def test_stopping_early_on_validation_needs_validation(self, catalog, minimal):
        """Keras would only warn and never stop."""
        given = minimal | {"early_stopping": True, "validation_split": 0}

        assert list(problems_of(given, catalog)) == ["early_stopping.monitor"]

    def test_stopping_early_needs_a_metric_that_is_measured(self, catalog, minimal):
        """Keras would end each run of the grid after its first epoch, or never stop."""
        given = minimal | {"early_stopping": {"monitor": "val_acc"}}
        extra = minimal | {"early_stopping": {"monitor": "val_logcosh"}, "extra-metrics": ["LogCoshError"]}

        assert "Did you mean 'val_accuracy'" in problems_of(given, catalog)["early_stopping.monitor"]
        assert read_config(extra, catalog=catalog).early_stopping_spec.monitor == "val_logcosh"

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            ({"dataset_val": "v.npz"}, "none"),
            ({"validation_split": 0}, "none"),
            ({"validation_split": 0.5}, "hold-out"),
            ({"dataset_val": "v.npz", "k-fold_validation": 2}, "k-fold"),
            ({"folds": {"kind": "time-series", "count": 2}}, "time-series"),
        ],
    )
    def test_where_validation_data_comes_from(self, catalog, minimal, given, kind):
        """Folds, then a given set, then a held-out share."""
        assert read_config(minimal | given, catalog=catalog).split.kind == kind

    def test_folds_are_cut_by_the_experiments_seed_unless_they_have_their_own(self, catalog, minimal):
        """The seed of the split is recorded; it must be one that the person can name."""
        given = minimal | {"seed": 5, "folds": {"count": 2}}

        assert read_config(given, catalog=catalog).split.seed == 5
        assert read_config(given | {"folds": {"count": 2, "seed": 6}}, catalog=catalog).split.seed == 6


class TestCheckpoints:
    def test_become_the_policy_of_every_run(self, catalog, minimal):
        """Megabytes in the file are bytes in the record."""
        given = {
            "every": 5,
            "keep": 2,
            "best": "val_loss",
            "at_pause": False,
            "max_mb": 1.5,
            "location": "s3://b/f",
        }

        policy = read_config(minimal | {"checkpoints": given}, catalog=catalog).checkpoints.policy

        assert policy == CheckpointPolicy(5, 2, "val_loss", "auto", False, 1_500_000, "s3://b/f")
        assert read_config(minimal, catalog=catalog).checkpoints.policy == CheckpointPolicy()

    @pytest.mark.parametrize(
        ("given", "path", "message"),
        [
            ({"every": 0}, "checkpoints.every", "greater than or equal to 1"),
            ({"keep": 0}, "checkpoints.keep", "greater than or equal to 1"),
            ({"max_mb": 0}, "checkpoints.max_mb", "greater than 0"),
            ({"best": "val_los"}, "checkpoints.best", "Did you mean 'val_loss'"),
            ({"location": "some/folder"}, "checkpoints.location", "absolute path or a URI"),
            ({"location": "s3://key:secret@bucket"}, "checkpoints.location", "password"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, catalog, minimal, given, path, message):
        """A password in a file is seen by everybody who sees the experiment."""
        assert message in problems_of(minimal | {"checkpoints": given}, catalog)[path]
