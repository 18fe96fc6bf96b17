"""Makes `training_kit` importable, here and in child processes, and settles TensorFlow's threads in time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collection_finish(session: pytest.Session) -> None:
    # Before any test of another folder lets TensorFlow settle its threads by itself.
    if any(item.path.is_relative_to(HERE) for item in session.items):
        from nntracker_ray.training.process import configure_process

        configure_process(1)
