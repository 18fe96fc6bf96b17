"""The experiment file: read, checked once and completely, trusted everywhere after."""

from nntracker_ray.config.checks import run_count
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.parts import (
    MAX_RUNS,
    CaptureConfig,
    EarlyStoppingConfig,
    FoldsConfig,
    ResourcesConfig,
)
from nntracker_ray.config.read import read_config

__all__ = [
    "MAX_RUNS",
    "CaptureConfig",
    "EarlyStoppingConfig",
    "ExperimentConfig",
    "FoldsConfig",
    "ResourcesConfig",
    "read_config",
    "run_count",
]
