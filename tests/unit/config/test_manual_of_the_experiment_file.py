import re
from pathlib import Path

import pytest

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

MANUAL = (Path(__file__).parents[3] / "docs" / "experiment-file.md").read_text()
KEYS = [*(FILE_SPELLING.get(field, field) for field in ExperimentConfig.model_fields), "k-fold_validation"]
PARTS = (CaptureConfig, CheckpointsConfig, EarlyStoppingConfig, FoldsConfig, ResourcesConfig)


@pytest.mark.parametrize("key", [*KEYS, *(field for part in PARTS for field in part.model_fields)])
def test_every_key_is_in_the_manual(key):
    """A key that nobody can read about does not exist."""
    assert re.search(rf"[`\"]{re.escape(key)}[`\"]", MANUAL)


def test_the_smallest_example_of_the_manual_is_an_experiment(catalog):
    """It is the first thing that people copy."""
    text = re.search(r"```yaml\n(name.*?)```", MANUAL, re.DOTALL).group(1)

    config = read_config(text, catalog=catalog)

    assert (config.name, config.total_epochs) == ("Iris", 60)
