"""Weights are found in a checkpoint where no Keras is loaded: to capture, and to take home."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from checkpoint_kit import BIAS, KERNEL, SPEC, checkpoint, folder_in, write

from nntracker_ray.checkpoints.last_capture import last_capture
from nntracker_ray.checkpoints.weights import export_weights
from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import CaptureSpec
from nntracker_ray.training.checkpoint import write_checkpoint

OLD_RELEASE = Path(__file__).parents[2] / "data" / "checkpoints" / "release-0.1"


def test_a_paused_run_that_is_stopped_has_a_last_capture(tmp_path: Path):
    """Its weights are those of its checkpoint; the epoch is the one begun."""
    path = write(folder_in(tmp_path), "last", 25, batches=5)

    capture = last_capture(path, SPEC)

    assert capture is not None
    assert (capture.epoch, capture.step) == (2, 25)
    assert [(one.layer_name, one.tensor) for one in capture.arrays] == [
        ("dense", "kernel"),
        ("dense", "bias"),
    ]
    np.testing.assert_array_equal(capture.arrays[0].array, KERNEL)


@pytest.mark.parametrize(
    ("steps", "last", "spec"),
    [
        pytest.param(20, 1, SPEC, id="captured already"),
        pytest.param(0, None, SPEC, id="not begun"),
        pytest.param(20, None, replace(SPEC, capture=CaptureSpec(1, weights=False)), id="not wanted"),
    ],
)
def test_nothing_is_captured_where_nothing_is_missing(tmp_path: Path, steps, last, spec):
    """Twice the same capture would be a lie about what happened."""
    made = checkpoint(steps)
    path = folder_in(tmp_path).path("last")
    write_checkpoint(path, replace(made, place=replace(made.place, last_capture=last)))

    assert last_capture(path, spec) is None


def test_only_the_layers_that_are_captured_are(tmp_path: Path):
    """The same patterns as while it trained."""
    path = write(folder_in(tmp_path), "last", 20)

    capture = last_capture(path, replace(SPEC, capture=CaptureSpec(1, layers=("conv*",))))

    assert capture is not None
    assert capture.arrays == ()


def test_without_a_checkpoint_there_is_no_capture(tmp_path: Path):
    """A run that was stopped before it began."""
    assert last_capture(folder_in(tmp_path).path("last"), SPEC) is None


def test_the_first_release_did_not_name_its_weights(tmp_path: Path):
    """No capture then; and who wants the weights is told what to do."""
    (path,) = OLD_RELEASE.glob("*.ckpt")

    assert last_capture(path, SPEC) is None
    with pytest.raises(CheckpointError, match="resume the run"):
        export_weights(path, tmp_path / "weights.npz")


def test_exported_weights_open_in_plain_numpy(tmp_path: Path):
    """bfloat16 is widened: NumPy alone has no name for it."""
    path = folder_in(tmp_path).path("last")
    bias = BIAS.astype(ml_dtypes.bfloat16)
    write_checkpoint(path, checkpoint(10, arrays={"model/0": KERNEL, "model/1": bias}))

    export_weights(path, tmp_path / "weights.npz")

    with np.load(tmp_path / "weights.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["dense/bias", "dense/kernel"]
        np.testing.assert_array_equal(arrays["dense/kernel"], KERNEL)
        assert arrays["dense/bias"].dtype == np.float32


def test_no_keras_is_loaded():
    """Pages and commands answer at once."""
    modules = "nntracker_ray.checkpoints.last_capture, nntracker_ray.checkpoints.mirror"
    code = f"import sys, {modules}; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
