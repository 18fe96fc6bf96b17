import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nntracker_ray.config import read_config
from nntracker_ray.grid import plan_runs
from nntracker_ray.models.schema import parse_model

EXAMPLES = Path(__file__).parents[3] / "examples"
EXPERIMENTS = ("digits/experiment.json", "diabetes/experiment.yaml", "iris/experiment.json")


@pytest.mark.parametrize(("name", "runs"), zip(EXPERIMENTS, (8, 4, 3), strict=True))
def test_every_example_is_an_experiment_of_the_stated_size(catalog, name, runs):
    """examples/README.md promises it, and a newcomer tries them first."""
    config = read_config(EXAMPLES / name, catalog=catalog)

    assert len(plan_runs(config)) == runs


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_file_that_an_example_names_is_there(catalog, name):
    """Examples work from a fresh checkout, without internet."""
    config = read_config(EXAMPLES / name, catalog=catalog)

    named = [config.model, config.dataset_train, config.dataset_test, config.dataset_val]

    folder = (EXAMPLES / name).parent
    assert all((folder / file).is_file() for file in named if file)
    assert parse_model((folder / config.model).read_text()).parameters < 20_000


def test_the_data_is_written_again_bit_for_bit(tmp_path):
    """Committed data must be what it says it is, whoever makes it."""
    subprocess.run([sys.executable, EXAMPLES / "make_data.py", tmp_path], check=True)

    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))

    assert made == [
        "diabetes/test.csv",
        "diabetes/train.csv",
        "digits/test.npz",
        "digits/train.npz",
        "iris/iris.arff",
    ]
    assert all((tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes() for name in made)


def test_the_test_images_are_in_no_training_set():
    """A test set that was trained on measures memory."""
    train, test = (np.load(EXAMPLES / "digits" / f"{part}.npz") for part in ("train", "test"))

    counts = len(train["y_train"]), len(test["y_test"])
    seen = {image.tobytes() for image in train["x_train"]} & {image.tobytes() for image in test["x_test"]}

    assert counts == (1438, 359)
    assert not seen


@pytest.mark.slow
def test_the_models_are_what_keras_writes(tmp_path):
    """Model files in the examples are plain `model.to_json()`, nothing made up."""
    subprocess.run([sys.executable, EXAMPLES / "make_models.py", tmp_path], check=True)

    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))

    assert made == ["diabetes/model.json", "digits/model.json", "iris/model.json"]
    assert all((tmp_path / name).read_text() == (EXAMPLES / name).read_text() for name in made)
