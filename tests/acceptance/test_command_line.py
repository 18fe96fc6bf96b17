"""The command line as a newcomer uses it: real files, real processes, real trainings."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nntracker_ray.home import Home
from nntracker_ray.storage.server import EmbeddedServer

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
MODEL = {
    "class_name": "Sequential",
    "config": {
        "name": "tiny",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 64], "name": "pixels"}},
            {"class_name": "Dense", "config": {"name": "hidden", "units": 16, "activation": "relu"}},
            {"class_name": "Dense", "config": {"name": "scores", "units": 10}},
        ],
    },
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One data folder for the whole file, as a person has one."""
    home = Home(tmp_path_factory.mktemp("home"))
    yield home
    EmbeddedServer(home).destroy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with digits, a model, and an experiment of two learning rates and two folds."""
    folder = tmp_path_factory.mktemp("experiment")
    digits = load_digits()
    features = (digits.data / 16).astype("float32")
    np.savez(folder / "train.npz", x_train=features[:600], y_train=digits.target[:600])
    np.savez(folder / "test.npz", x_test=features[600:800], y_test=digits.target[600:800])
    (folder / "model.json").write_text(json.dumps(MODEL))
    (folder / "experiment.json").write_text(json.dumps(_experiment()))
    return folder


def _experiment(**changes):
    return {
        "name": "Tiny",
        "model": "model.json",
        "dataset_train": "train.npz",
        "dataset_test": "test.npz",
        "total_epochs": 3,
        "epoch_period": 2,
        "optimizers": [{"optimizer": "adam", "conf": {"epsilon": "1e-7"}}],
        "loss_functions": [
            {"loss_function": "SparseCategoricalCrossentropy", "conf": {"from_logits": "true"}}
        ],
        "learning_rates": [0.01, 0.001],
        "k-fold_validation": 2,
        "train_feature_name": "x_train",
        "train_label_name": "y_train",
        "test_feature_name": "x_test",
        "test_label_name": "y_test",
        **changes,
    }


def nntracker(home, *arguments, timeout=240):
    """Run the installed command on a data folder."""
    command = [str(Path(sys.executable).parent / "nntracker"), *map(str, arguments)]
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    env.pop("NNTRACKER_DATABASE_URL", None)
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=timeout, check=False)


@pytest.fixture(scope="module")
def finished(home, folder):
    """The experiment, run once by `nntracker run --json`."""
    ended = nntracker(home, "run", folder / "experiment.json", "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


class TestRun:
    def test_a_grid_runs_to_its_end_and_prints_one_object(self, finished):
        """The main job: every run of the grid, by name, finished, with its last values."""
        names = [run["name"] for run in finished["runs"]]

        assert names == ["Tiny (LR1) (1)", "Tiny (LR1) (2)", "Tiny (LR2) (1)", "Tiny (LR2) (2)"]
        assert {run["state"] for run in finished["runs"]} == {"finished"}
        assert {run["epochs"] for run in finished["runs"]} == {3}
        assert {"loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy"} <= set(
            finished["runs"][0]["metrics"]
        )

    def test_the_learning_rate_shown_is_the_one_that_the_optimizer_had(self, finished):
        """A rate that was silently not applied makes every comparison worthless."""
        rates = [run["configuration"]["learning_rate"] for run in finished["runs"]]

        assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001], rel=1e-6)

    def test_the_same_command_again_continues_and_never_duplicates(self, home, folder, finished):
        """After a crash one repeats the command; what is done is not done twice."""
        again = nntracker(home, "run", folder / "experiment.json", "--json")

        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout) == finished
        counted = nntracker(home, "sql", "SELECT count(*) AS runs FROM runs", "--json")
        assert json.loads(counted.stdout)["rows"] == [{"runs": 4}]

    def test_every_epoch_is_there_once(self, home, finished):
        """Nothing lost, nothing doubled, from the training to the table."""
        query = (
            "SELECT metric, count(*) AS points, count(DISTINCT (run_no, epoch)) AS epochs "
            "FROM metrics WHERE metric IN ('loss', 'val_accuracy') GROUP BY metric ORDER BY metric"
        )

        answer = json.loads(nntracker(home, "sql", query, "--json").stdout)

        assert answer["rows"] == [
            {"metric": "loss", "points": 12, "epochs": 12},
            {"metric": "val_accuracy", "points": 12, "epochs": 12},
        ]

    def test_weights_are_captured_at_the_period_and_the_last_epoch(self, home, finished):
        """epoch_period 2 over 3 epochs: epochs 0 and 2, with the names of the live model."""
        query = (
            "SELECT DISTINCT epoch, layer_name, tensor FROM weight_arrays ORDER BY layer_name, tensor, epoch"
        )

        rows = json.loads(nntracker(home, "sql", query, "--json").stdout)["rows"]

        assert [tuple(row.values()) for row in rows] == [
            (epoch, layer, tensor)
            for layer in ("hidden", "scores")
            for tensor in ("bias", "kernel")
            for epoch in (0, 2)
        ]

    def test_the_original_trackers_columns_are_there(self, home, finished):
        """Dashboards made for the original tracker go on working."""
        query = "SELECT epoch, sim_id, loss, accuracy, time, val_loss, val_accuracy FROM epoch_values"

        rows = list(csv.DictReader(io.StringIO(nntracker(home, "sql", query, "--csv").stdout)))

        assert len(rows) == 12
        assert all(0 <= float(row["val_accuracy"]) <= 1 for row in rows)


class TestPlan:
    def test_the_original_trackers_example_is_planned_unchanged(self, home):
        """Its file, its names; its addresses are not fetched by planning."""
        ended = nntracker(home, "plan", DATA / "configs" / "tracker_config.json", "--json")

        assert ended.returncode == 0, ended.stderr
        assert [run["name"] for run in json.loads(ended.stdout)["runs"]] == [
            "FileSim (LR1) (1)",
            "FileSim (LR1) (2)",
            "FileSim (LR2) (1)",
            "FileSim (LR2) (2)",
        ]


LAMBDA = {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wEAAAA", None, None]}}


def _with_layer(layer):
    model = json.loads(json.dumps(MODEL))
    model["config"]["layers"].insert(1, layer)
    return model


BAD_EXPERIMENTS = {
    "unknown optimizer": (
        {"optimizers": [{"optimizer": "adm", "conf": {}}]},
        ["optimizers[0]", "'adm'", "'adam'"],
    ),
    "unknown key": ({"learning_rate": [0.1]}, ["learning_rate", "learning_rates"]),
    "no such file": ({"dataset_train": "trian.npz"}, ["dataset_train", "trian.npz"]),
    "private address": ({"dataset_train": "http://127.0.0.1/d.npz"}, ["dataset_train", "127.0.0.1"]),
    "no such array": ({"train_label_name": "y_trian"}, ["y_trian", "y_train"]),
    "Lambda layer": ({"model": _with_layer(LAMBDA)}, ["Lambda", "evil"]),
    "wrong input shape": (
        {"model": json.loads(json.dumps(MODEL).replace("[null, 64]", "[null, 28, 28]"))},
        ["(None, 28, 28)", "(None, 64)"],
    ),
    "1e9 units": (
        {"model": _with_layer({"class_name": "Dense", "config": {"name": "huge", "units": 1_000_000_000}})},
        ["huge"],
    ),
}


class TestBadInput:
    @pytest.mark.parametrize("case", BAD_EXPERIMENTS, ids=str)
    def test_it_is_refused_with_a_message_and_nothing_is_left(self, case, home, folder, finished):
        """Bad input gets a clear error, loses nothing, runs nothing."""
        changes, words = BAD_EXPERIMENTS[case]
        path = folder / "bad.json"
        path.write_text(json.dumps(_experiment(name="Bad", **changes)))

        ended = nntracker(home, "run", path)

        assert ended.returncode == 2
        assert all(word in ended.stderr for word in words), ended.stderr
        assert "Traceback" not in ended.stderr
        counted = nntracker(
            home, "sql", "SELECT count(*) AS bad FROM experiments WHERE name = 'Bad'", "--json"
        )
        assert json.loads(counted.stdout)["rows"] == [{"bad": 0}]

    def test_a_number_that_is_not_one_is_named_with_its_place(self, home, folder):
        """NaN among the features ruins every run of the grid: said before the first."""
        data = dict(np.load(folder / "train.npz"))
        data["x_train"][17, 3] = np.nan
        np.savez(folder / "with_nan.npz", **data)
        path = folder / "nan.json"
        path.write_text(json.dumps(_experiment(name="Bad", dataset_train="with_nan.npz")))

        ended = nntracker(home, "run", path)

        assert ended.returncode == 2
        assert "x_train" in ended.stderr
        assert "17" in ended.stderr

    def test_all_problems_come_at_once(self, home, folder):
        """One correction a try would be a torment."""
        path = folder / "many.json"
        path.write_text(
            json.dumps(_experiment(batch_size=0, total_epochs="many", optimizers=["adm"], colour="red"))
        )

        ended = nntracker(home, "run", path)

        assert all(word in ended.stderr for word in ("batch_size", "total_epochs", "optimizers[0]", "colour"))

    def test_a_database_that_is_away_is_said(self, home, folder):
        """No traceback, no hanging: which database, and that it does not answer."""
        command = [str(Path(sys.executable).parent / "nntracker"), "run", str(folder / "experiment.json")]
        env = {
            **os.environ,
            "NNTRACKER_HOME": str(home.root),
            "NNTRACKER_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        }

        ended = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)

        assert ended.returncode == 1
        assert "127.0.0.1" in ended.stderr
        assert "Traceback" not in ended.stderr


class TestSql:
    @pytest.mark.parametrize(
        "statement", ["DELETE FROM runs", "SELECT 1; DROP TABLE runs", "SELECT * FROM sessions"]
    )
    def test_only_one_read_only_statement_is_run(self, home, finished, statement):
        """A question cannot change the answer, nor show what signs people in."""
        ended = nntracker(home, "sql", statement)

        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr
