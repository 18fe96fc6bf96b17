"""A worker that is killed costs time, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from training_kit import Training, bits, folder_of, outcome, train

from nntracker_ray.records import Record
from nntracker_ray.training.checkpoint import read_checkpoint
from nntracker_ray.wire import decode_records
from tests.sample_runs import sample_spec

CHILD = Path(__file__).with_name("killed_training.py")
pytestmark = [pytest.mark.slow, pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Training:
    return train(sample_spec(), tmp_path_factory.mktemp("straight"))


def child(folder: Path, counted: str, dies_at: int) -> int:
    arguments = [str(folder), str(folder / "records"), counted, str(dies_at)]
    return subprocess.run([sys.executable, str(CHILD), *arguments], check=False, timeout=200).returncode


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_batches_lose_and_double_nothing(straight: Training, tmp_path: Path, seed: int):
    """Every epoch is there, every bit is that of the run nobody touched."""
    moments = np.random.default_rng(seed).integers(2, 60, size=3).tolist()

    codes = [child(tmp_path, "batch", moment) for moment in moments]
    last = child(tmp_path, "never", 0)

    assert last == 0
    assert -signal.SIGKILL in codes
    assert_whole(straight, tmp_path)


@pytest.mark.parametrize("dies_at", [3, 6, 7, 8])
def test_kills_at_the_checkpoint_writers_work_lose_nothing(straight: Training, tmp_path: Path, dies_at: int):
    """Linking the best one, renaming the last one, syncing the folder, creating the next."""
    code = child(tmp_path, "file", dies_at)
    last = child(tmp_path, "never", 0)

    assert (code, last) == (-signal.SIGKILL, 0)
    assert_whole(straight, tmp_path)


def assert_whole(straight: Training, folder: Path) -> None:
    spec = sample_spec()
    records: tuple[Record, ...] = decode_records((folder / "records").read_bytes())
    assert bits(read_checkpoint(folder_of(spec, folder).path("last"), spec=spec)) == bits(straight.checkpoint)
    assert outcome(records) == outcome(straight.records)
