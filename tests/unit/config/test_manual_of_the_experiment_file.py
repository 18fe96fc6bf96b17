import re
from pathlib import Path

import pytest
import yaml

from nntracker_ray.config import (
    CaptureConfig,
    EarlyStoppingConfig,
    ExperimentConfig,
    FoldsConfig,
    ResourcesConfig,
    read_config,
)
from nntracker_ray.config.checkpoints import CheckpointsConfig
from nntracker_ray.config.experiment import FILE_SPELLING
from nntracker_ray.config.introspection import ObservedConfig
from nntracker_ray.introspection.catalog import PRESET_NAMES

MANUAL = (Path(__file__).parents[3] / "docs" / "experiment-file.md").read_text()
KEYS = [*(FILE_SPELLING.get(field, field) for field in ExperimentConfig.model_fields), "k-fold_validation"]
PARTS = (CaptureConfig, CheckpointsConfig, EarlyStoppingConfig, FoldsConfig, ObservedConfig, ResourcesConfig)


@pytest.mark.parametrize("key", [*KEYS, *(field for part in PARTS for field in part.model_fields)])
def test_every_key_is_in_the_manual(key):
    """A key that nobody can read about does not exist."""
    assert re.search(rf"[`\"]{re.escape(key)}[`\"]", MANUAL)


def test_the_smallest_example_of_the_manual_is_an_experiment(catalog):
    """It is the first thing that people copy."""
    text = re.search(r"```yaml\n(name.*?)```", MANUAL, re.DOTALL).group(1)

    config = read_config(text, catalog=catalog)

    assert (config.name, config.total_epochs) == ("Iris", 60)


def test_the_example_of_looking_inside_is_accepted(catalog, minimal):
    """It shows every form of an entry."""
    text = re.search(r"```yaml\n(introspection:.*?)```", MANUAL, re.DOTALL).group(1)

    config = read_config(minimal | yaml.safe_load(text), catalog=catalog)

    assert len(config.introspection) == 5
    assert len(config.introspection_spec) == 9


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_every_preset_is_in_the_manual(preset):
    """With what it is for."""
    assert re.search(rf"\| `{preset}` \|", MANUAL)
