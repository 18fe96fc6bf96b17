import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.config import read_config, run_count
from nntracker_ray.grid import experiment_id, plan_runs, run_seed, run_specs
from nntracker_ray.records import DatasetRef, NamedConf, RunSpec, from_json, to_json

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "tests" / "data" / "configs"
OWNER = UUID(int=1)
TRAIN, VALIDATION, TEST = (DatasetRef(digest * 32, digest) for digest in "abc")
MINIMAL = {
    "name": "Small",
    "dataset_train": "train.npz",
    "total_epochs": 3,
    "loss_functions": ["MeanSquaredError"],
}
FULL = MINIMAL | {
    "optimizers": ["adam", "adamw"],
    "loss_functions": ["MeanSquaredError", "Huber"],
    "learning_rates": [0.1, 0.01],
    "sweep": {"optimizer.beta_1": [0.8, 0.9], "batch_size": [8, 16]},
    "k-fold_validation": 2,
    "repeats": 2,
}


def specs_of(config, **changes):
    given = {"train": TRAIN, "validation": None, "test": None, "model_digest": "m"} | changes
    identity = experiment_id(OWNER, config, {"model": given["model_digest"], "train": TRAIN.digest})
    return run_specs(config, identity, **given)


class TestNames:
    def test_of_the_original_trackers_example(self, catalog):
        """The names that its users know."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)

        names = [run.name for run in plan_runs(config)]

        assert names == ["FileSim (LR1) (1)", "FileSim (LR1) (2)", "FileSim (LR2) (1)", "FileSim (LR2) (2)"]

    def test_have_no_suffix_without_a_choice(self, catalog):
        """One run is called what the person called it."""
        assert [run.name for run in plan_runs(read_config(MINIMAL, catalog=catalog))] == ["Small"]

    def test_name_every_list_in_the_order_of_the_grid(self, catalog):
        """Optimizer > loss > learning rate > sweeps > fold > repeat, the last turning fastest."""
        names = [run.name for run in plan_runs(read_config(FULL, catalog=catalog))]

        assert names[0] == "Small (O1) (LF1) (LR1) (S1) (1) (R1)"
        assert names[1] == "Small (O1) (LF1) (LR1) (S1) (1) (R2)"
        assert names[2] == "Small (O1) (LF1) (LR1) (S1) (2) (R1)"
        assert names[4] == "Small (O1) (LF1) (LR1) (S2) (1) (R1)"
        assert names[-1] == "Small (O2) (LF2) (LR2) (S4) (2) (R2)"

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_and_ids_are_unique_and_places_count_up_in_any_grid(self, catalog, data):
        """Two runs of one name, or worse of one identity, could not be told apart."""
        optional = {
            "optimizers": st.lists(st.sampled_from(["adam", "sgd", "lion"]), min_size=1, unique=True),
            "loss_functions": st.lists(
                st.sampled_from(["mse", "huber", "log_cosh"]), min_size=1, unique=True
            ),
            "learning_rates": st.lists(st.floats(1e-6, 1), min_size=1, max_size=3, unique=True),
            "sweep": st.fixed_dictionaries(
                {},
                optional={
                    "batch_size": st.lists(st.integers(1, 64), min_size=1, max_size=3, unique=True),
                    "optimizer.weight_decay": st.lists(st.floats(0, 1), min_size=1, max_size=2, unique=True),
                },
            ),
            "k-fold_validation": st.integers(0, 3),
            "repeats": st.integers(1, 3),
        }
        config = read_config(
            MINIMAL | data.draw(st.fixed_dictionaries({}, optional=optional)), catalog=catalog
        )

        runs, specs = plan_runs(config), specs_of(config)

        assert len({run.name for run in runs}) == len({spec.run_id for spec in specs}) == run_count(config)
        assert [run.position for run in runs] == list(range(run_count(config)))
        assert [run.configuration_index for run in runs] == sorted(run.configuration_index for run in runs)


class TestConfigurations:
    def test_carry_the_swept_values_where_they_act(self, catalog):
        """A sweep that only showed in the name would compare equal trainings."""
        spec = specs_of(read_config(FULL, catalog=catalog))[-1]

        assert spec.configuration.optimizer == NamedConf("AdamW", {"beta_1": 0.9})
        assert spec.configuration.sweep == {"batch_size": 16, "optimizer.beta_1": 0.9}
        assert (spec.configuration.learning_rate, spec.batch_size) == (0.01, 16)

    def test_sweep_epochs_and_losses_too(self, catalog):
        """All kinds of swept keys reach the run."""
        given = FULL | {
            "loss_functions": ["Huber"],
            "sweep": {"total_epochs": [5, 9], "loss_function.delta": [2.0]},
        }
        del given["total_epochs"]

        specs = specs_of(read_config(given, catalog=catalog))

        assert {spec.total_epochs for spec in specs} == {5, 9}
        assert specs[0].configuration.loss_function == NamedConf("Huber", {"delta": 2.0})

    def test_share_their_index_over_folds_and_repeats(self, catalog):
        """Means and deviations are taken over equal indices."""
        runs = plan_runs(read_config(FULL, catalog=catalog))

        by_index = {run.configuration_index: [] for run in runs}
        for run in runs:
            by_index[run.configuration_index].append((run.fold, run.repeat))

        assert all(members == [(0, 0), (0, 1), (1, 0), (1, 1)] for members in by_index.values())
        assert len({str(run.configuration) for run in runs}) == len(by_index) == 32


class TestTags:
    def test_say_which_folds_belong_together(self, catalog):
        """One tag for all folds, one for those of each configuration."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)

        assert [run.tags[2:] for run in plan_runs(config)] == [("File", "File (LR1)")] * 2 + [
            ("File", "File (LR2)")
        ] * 2
        assert all(run.tags[:2] == ("T1", "T2") for run in plan_runs(config))

    def test_of_folds_take_the_experiments_name_when_none_is_given(self, catalog):
        """The folds of a configuration always have a tag to compare by."""
        given = MINIMAL | {"learning_rates": [0.1, 0.2], "k-fold_validation": 2}

        assert plan_runs(read_config(given, catalog=catalog))[0].tags == ("Small (LR1)",)

    def test_are_only_the_given_ones_without_folds(self, catalog):
        """A fold tag without folds would be noise."""
        given = MINIMAL | {"tags": ["a"], "k-fold_tag": "File"}

        assert plan_runs(read_config(given, catalog=catalog))[0].tags == ("a",)


class TestSeeds:
    def test_are_equal_for_all_configurations_and_folds_of_a_repeat(self, catalog):
        """Configurations are compared from the same start, so that luck does not decide."""
        runs = plan_runs(read_config(FULL | {"seed": 7}, catalog=catalog))

        assert {(run.repeat, run.seed) for run in runs} == {(0, 7), (1, run_seed(7, 1))}

    def test_of_more_repeats_leave_the_first_ones_alone(self, catalog):
        """Adding repeats must not change what was trained already."""
        two, three = (
            [run.seed for run in plan_runs(read_config(MINIMAL | {"repeats": count}, catalog=catalog))]
            for count in (2, 3)
        )

        assert three[:2] == two
        assert len(set(three)) == 3

    @given(seed=st.integers(0, 2**31 - 1), repeat=st.integers(0, 100_000))
    def test_fit_everywhere(self, seed, repeat):
        """Keras, NumPy and a 4-byte column of the database all take them."""
        assert 0 <= run_seed(seed, repeat) < 2**31


class TestIdentity:
    def test_is_stable_across_processes(self, catalog, home):
        """Submitting again after a crash, from a new process, must find the same runs."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from uuid import UUID; from pathlib import Path\n"
            "from nntracker_ray.home import Home; from nntracker_ray.models.catalog import load_catalog\n"
            "from nntracker_ray.config import read_config; from nntracker_ray.grid import *\n"
            "from nntracker_ray.records import DatasetRef\n"
            "c = read_config(Path(sys.argv[2]), catalog=load_catalog(Home(Path(sys.argv[3]))))\n"
            "e = experiment_id(UUID(int=1), c, {'model': 'm', 'train': 'a' * 32})\n"
            "t = DatasetRef('a' * 32, 'a')\n"
            "print(*[s.run_id for s in run_specs(c, e, train=t, validation=None, test=None, model_digest='m')])"
        )

        found = subprocess.run(
            [sys.executable, "-c", code, str(ROOT), str(CONFIGS / "tracker_config.json"), str(home.root)],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip

        assert found == [str(spec.run_id) for spec in specs_of(config)]

    def test_differs_by_owner_content_and_data(self, catalog):
        """What two people submit, or train on other data, is not one experiment."""
        config, other = (read_config(MINIMAL | {"seed": seed}, catalog=catalog) for seed in (0, 1))
        digests = {"model": "m", "train": "t"}

        found = {
            experiment_id(OWNER, config, digests),
            experiment_id(uuid4(), config, digests),
            experiment_id(OWNER, other, digests),
            experiment_id(OWNER, config, digests | {"train": "u"}),
            experiment_id(OWNER, config, digests | {"test": "t"}),
        }

        assert len(found) == 5

    def test_does_not_depend_on_the_order_of_digests(self, catalog):
        """A dict has an order, an experiment's data has none."""
        config = read_config(MINIMAL, catalog=catalog)

        assert experiment_id(OWNER, config, {"model": "m", "train": "t"}) == experiment_id(
            OWNER, config, {"train": "t", "model": "m"}
        )


class TestSpecs:
    def test_survive_json(self, catalog):
        """They travel through the database."""
        spec = specs_of(read_config(CONFIGS / "tracker_config.json", catalog=catalog), test=TEST)[0]

        assert from_json(RunSpec, to_json(spec)) == spec

    @pytest.mark.parametrize(
        ("changes", "passed_on"),
        [
            ({}, True),
            ({"k-fold_validation": 2}, False),
            ({"folds": {"count": 2, "include_validation": True}}, True),
        ],
    )
    def test_pass_on_a_validation_set_only_where_it_is_used(self, catalog, changes, passed_on):
        """With folds the held-out part validates; a set that is passed on and ignored would mislead."""
        config = read_config(MINIMAL | {"dataset_val": "v.npz"} | changes, catalog=catalog)

        assert all(
            (spec.validation == VALIDATION) is passed_on for spec in specs_of(config, validation=VALIDATION)
        )

    def test_hold_everything_that_was_asked_for(self, catalog):
        """A key that is accepted and lost is worse than one that is refused."""
        given = MINIMAL | {
            "epoch_period": 2, "checkpoint_period": 3, "scaling": "minmax", "one_hot": ["city"], "seed": 5,
            "resources": {"cpu": 2, "gpu": 0.5}, "early_stopping": {"patience": 2}, "extra-metrics": ["mae"],
            "capture": {"layers": ["dense*"]}, "validation_split": 0.3, "priority": -7,
        }  # fmt: skip

        spec = specs_of(read_config(given, catalog=catalog), test=TEST)[0]

        assert (spec.capture.epoch_period, spec.capture.layers, spec.checkpoint_period) == (2, ("dense*",), 3)
        assert (spec.scaling, spec.one_hot, spec.seed, spec.test) == ("minmax", ("city",), 5, TEST)
        assert (spec.resources.cpu, spec.resources.gpu, spec.early_stopping.patience) == (2, 0.5, 2)
        assert spec.extra_metrics == (NamedConf("MeanAbsoluteError"),)
        assert (spec.split.kind, spec.split.validation_share, spec.priority) == ("hold-out", 0.3, -7)


class TestTheRealCatalog:
    def test_accepts_every_default_of_every_optimizer_loss_and_metric(self, catalog):
        """A check of arguments that refuses Keras' own defaults would be a wall."""
        optimizers = [{"optimizer": s.name, "conf": dict(s.optional)} for s in catalog.optimizers.values()]
        losses = [{"loss_function": s.name, "conf": dict(s.optional)} for s in catalog.losses.values()]
        metrics = [
            {"metric": s.name, "conf": {**s.optional, "name": f"own_{s.name}"}}
            for s in catalog.metrics.values()
            if not s.required
        ]

        config = read_config(
            MINIMAL | {"optimizers": optimizers, "loss_functions": losses, "extra-metrics": metrics},
            catalog=catalog,
        )

        assert len(config.optimizers) == len(catalog.optimizers)
