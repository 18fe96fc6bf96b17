"""Beside the last checkpoint a run keeps what its policy says; a fork begins there, an extension goes on there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from training_kit import (
    PausingMailbox,
    Training,
    bits,
    digits,
    facts,
    folder_of,
    metric_epochs,
    model_json,
    outcome,
    train,
)

from nntracker_ray.checkpoints.info import infos_of_fact
from nntracker_ray.checkpoints.last_capture import last_capture
from nntracker_ray.checkpoints.weights import export_weights
from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import (
    Capture,
    CheckpointPolicy,
    EarlyStopping,
    MetricPoint,
    NamedConf,
    Origin,
    RunSpec,
)
from nntracker_ray.sinks import MemorySink
from nntracker_ray.training.checkpoint import read_any_checkpoint
from nntracker_ray.training.control import Mailbox
from tests.sample_runs import sample_spec

READINGS_PER_EPOCH = 17
OLD_RELEASE = Path(__file__).parents[2] / "data" / "checkpoints" / "release-0.1"
FORK = UUID(int=7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def whole(home: Path) -> Training:
    """Four epochs, each one kept, of which two stay."""
    return train(sample_spec(checkpoints=CheckpointPolicy(every=1, keep=2)), home)


def kept(spec: RunSpec, home: Path) -> list[str]:
    return [info.name for info in folder_of(spec, home).infos()]


def test_epochs_are_kept_as_the_policy_says(whole: Training, home: Path):
    """The newest two of the four, the best, and the last; listed as a fact of the run."""
    infos = folder_of(sample_spec(), home).infos()

    assert {info.name for info in infos} >= {"best", "epoch-0002", "epoch-0003", "last"}
    assert not {info.name for info in infos} & {"epoch-0000", "epoch-0001"}
    assert infos_of_fact(facts(whole.records)["checkpoints"]) == infos


class OnceUnsafeSink(MemorySink):
    """Cannot bring the first epoch to the disk in time."""

    flushes = 0

    def flush(self, timeout_s: float) -> bool:
        self.flushes += 1
        return self.flushes > 1 and super().flush(timeout_s)


def test_a_best_checkpoint_that_could_not_be_written_comes_with_the_next(tmp_path: Path):
    """No later epoch is better, so nothing else would ever bring it back."""
    policy = CheckpointPolicy(every=1, best="loss", mode="max")  # the loss falls: the first epoch is the best
    spec = sample_spec(total_epochs=3, checkpoints=policy)

    run = train(spec, tmp_path, sink=OnceUnsafeSink())

    (best,) = (info for info in folder_of(spec, tmp_path).infos() if info.name == "best")
    assert facts(run.records)["best"]["epoch"] == 0
    assert best.epochs_done == 1


@pytest.mark.slow
def test_keeping_checkpoints_changes_no_bit(whole: Training, tmp_path: Path):
    """A policy is about disks."""
    plain = train(sample_spec(), tmp_path)

    assert bits(plain.checkpoint) == bits(whole.checkpoint)
    assert outcome(plain.records) == outcome(whole.records)


@pytest.mark.slow
def test_a_pause_keeps_a_checkpoint_of_its_own(tmp_path: Path):
    """One can come back to it after the run has gone on, and fork from it."""
    train(sample_spec(), tmp_path, mailbox=PausingMailbox(READINGS_PER_EPOCH + 5))
    train(sample_spec(total_epochs=2), tmp_path)

    assert "pause-21" in kept(sample_spec(), tmp_path)
    (info,) = (info for info in folder_of(sample_spec(), tmp_path).infos() if info.kind == "pause")
    assert (info.epochs_done, info.batches_done) == (1, 5)


@pytest.mark.slow
def test_a_stop_after_a_pause_captures_what_the_trainer_would_have(tmp_path: Path):
    """The run is stopped while nobody trains it; its weights come from the file."""
    at = READINGS_PER_EPOCH + 5
    stopped = train(sample_spec(), tmp_path / "stopped", mailbox=PausingMailbox(at, Mailbox.stop))
    train(sample_spec(), tmp_path / "paused", mailbox=PausingMailbox(at))

    late = last_capture(folder_of(sample_spec(), tmp_path / "paused").path("last"), sample_spec())

    *_, live = (record for record in stopped.records if isinstance(record, Capture))
    assert late is not None
    assert (late.epoch, late.step) == (live.epoch, live.step)
    assert [(a.layer_index, a.layer_name, a.tensor, a.array.tobytes()) for a in late.arrays] == [
        (a.layer_index, a.layer_name, a.tensor, a.array.tobytes()) for a in live.arrays
    ]


def test_a_finished_run_that_is_extended_is_the_longer_run(whole: Training, tmp_path: Path):
    """Bit for bit: nothing is lost by deciding later how long to train."""
    short = train(sample_spec(total_epochs=2), tmp_path)
    extended = train(sample_spec(), tmp_path)

    said = outcome([*short.records, *extended.records])
    assert bits(extended.checkpoint) == bits(whole.checkpoint)
    assert outcome(whole.records).items() <= {**said, **outcome(extended.records)}.items()


@pytest.mark.slow
def test_an_extension_after_an_early_stop_waits_anew(tmp_path: Path):
    """Whoever gives a run more epochs does not want to hear that it had stopped improving."""
    stopping = EarlyStopping(monitor="val_accuracy", patience=2, min_delta=0.9)
    stopped = train(sample_spec(total_epochs=8, early_stopping=stopping), tmp_path)
    same = train(sample_spec(total_epochs=8, early_stopping=stopping), tmp_path)
    extended = train(sample_spec(total_epochs=10, early_stopping=stopping), tmp_path)

    assert stopped.status.epochs_done == same.status.epochs_done == 3
    assert extended.status.epochs_done == 5
    assert metric_epochs(extended.records, "loss") == [3, 4]


def fork_spec(checkpoint: str, **changes: object) -> RunSpec:
    return sample_spec(run_id=FORK, name="fork", origin=Origin(UUID(int=1), checkpoint), **changes)


def with_optimizer(name: str, rate: float) -> dict[str, object]:
    return {
        "configuration": replace(sample_spec().configuration, optimizer=NamedConf(name), learning_rate=rate)
    }


@pytest.fixture
def parent(whole: Training, home: Path, tmp_path: Path) -> Path:
    """A copy of the finished run's data folder."""
    shutil.copytree(home, tmp_path / "parent")
    return tmp_path / "parent"


def test_a_fork_that_changes_nothing_goes_on_as_the_parent_did(whole: Training, parent: Path):
    """The comparison with what it does change is fair."""
    fork = train(fork_spec("epoch-0002"), parent)

    assert bits(fork.checkpoint) == bits(whole.checkpoint)
    assert metric_epochs(fork.records, "loss") == [3]
    assert facts(fork.records)["forked_from"] | {"run_id": ""} == {
        "run_id": "",
        "checkpoint": "epoch-0002",
        "optimizer": "the parent's",
        "epochs_done": 3,
        "batches_done": 0,
        "steps_done": 48,
    }


@pytest.mark.slow
def test_a_forks_learning_rate_is_its_own(whole: Training, parent: Path):
    """That is what most forks are made for; the optimizer's moments go on."""
    fork = train(fork_spec("epoch-0002", **with_optimizer("Adam", 0.002)), parent)

    said = facts(fork.records)
    assert said["effective_learning_rate"] == 0.002
    assert said["forked_from"]["optimizer"] == "the parent's"
    assert fork.checkpoint is not None
    assert fork.checkpoint.arrays["optimizer/0"] == 64  # its iterations, the parent's 48 counted in
    assert bits(fork.checkpoint) != bits(whole.checkpoint)


@pytest.mark.slow
def test_another_optimizer_begins_with_an_empty_memory(whole: Training, parent: Path):
    """The moments of one mean nothing to another; the fact says so."""
    fork = train(fork_spec("best", total_epochs=6, **with_optimizer("SGD", 0.01)), parent)

    assert facts(fork.records)["forked_from"]["optimizer"] == "fresh: the parent had Adam"
    assert fork.checkpoint is not None
    assert fork.checkpoint.place.epochs_done == 6


@pytest.mark.slow
def test_a_fork_outlives_its_parent(whole: Training, parent: Path):
    """What it begins with was kept aside when it was made."""
    folder_of(sample_spec(), parent).keep_for_fork("epoch-0002", FORK)
    folder_of(sample_spec(), parent).remove()

    paused = train(fork_spec("epoch-0002"), parent, mailbox=PausingMailbox(5))
    resumed = train(fork_spec("epoch-0002"), parent)

    assert paused.status.steps_done == 48 + 5
    assert bits(resumed.checkpoint) == bits(whole.checkpoint)
    assert "forked_from" not in facts(resumed.records)


@pytest.mark.slow
def test_a_fork_amid_an_epoch_goes_on_within_it_when_the_order_is_the_same(whole: Training, tmp_path: Path):
    """With other batches the epoch begun is begun again."""
    train(sample_spec(), tmp_path, mailbox=PausingMailbox(READINGS_PER_EPOCH + 5))

    same = train(fork_spec("pause-21"), tmp_path)
    other = train(
        sample_spec(run_id=UUID(int=8), origin=Origin(UUID(int=1), "last"), batch_size=50), tmp_path
    )

    assert bits(same.checkpoint) == bits(whole.checkpoint)
    steps = {r.epoch: r.step for r in other.records if isinstance(r, MetricPoint)}
    assert steps == {1: 21 + 10, 2: 21 + 20, 3: 21 + 30}


def test_a_fork_of_nothing_says_where_it_looked(tmp_path: Path):
    """An empty beginning would be another run."""
    with pytest.raises(CheckpointError, match=r"'best' of run .* is neither"):
        train(fork_spec("best"), tmp_path)


def test_a_run_of_the_first_release_goes_on_where_it_was(tmp_path: Path):
    """An update in the middle of an epoch costs nothing."""
    shutil.copytree(OLD_RELEASE, tmp_path / "checkpoints")

    resumed = train(sample_spec(), tmp_path)

    assert facts(resumed.records)["checkpoint"]["resumed_from"]["batches_done"] == 9
    assert resumed.status.steps_done == 64
    assert metric_epochs(resumed.records, "loss") == [1, 2, 3]
    assert kept(sample_spec(), tmp_path)[-1] == "last"


@pytest.mark.slow
def test_another_machine_goes_on_where_the_first_one_was(whole: Training, tmp_path: Path):
    """Its disk is gone; the copies are in a place of the run's own choice."""
    spec = sample_spec(checkpoints=CheckpointPolicy(location=f"file://{tmp_path}/remote"))
    train(spec, tmp_path / "first", mailbox=PausingMailbox(READINGS_PER_EPOCH + 9))
    shutil.rmtree(tmp_path / "first")

    resumed = train(spec, tmp_path / "second")

    assert facts(resumed.records)["checkpoint"]["resumed_from"]["batches_done"] == 9
    assert bits(resumed.checkpoint) == bits(whole.checkpoint)


@pytest.mark.slow
def test_an_exported_model_predicts_in_plain_keras_what_the_run_did(
    whole: Training, home: Path, tmp_path: Path
):
    """People take it home to where there is no NNTracker."""
    checkpoint, description = folder_of(sample_spec(), home).path("last"), tmp_path / "model.json"
    description.write_text(model_json())
    out, weights = tmp_path / "model.keras", tmp_path / "weights.npz"

    command = [
        sys.executable,
        "-m",
        "nntracker_ray.training.export",
        *map(str, (checkpoint, description, out)),
    ]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    export_weights(checkpoint, weights)

    import keras

    assert done.returncode == 0, done.stderr
    model, data = keras.saving.load_model(out), digits()
    recorded = {r.metric: r.value for r in whole.records if isinstance(r, MetricPoint) and r.epoch == 3}
    found = read_any_checkpoint(checkpoint)
    assert found is not None
    assert model.optimizer.iterations.numpy() == found.place.steps_done
    assert model.evaluate(data.x_val, data.y_val, batch_size=32, verbose=0) == pytest.approx(
        recorded["val_loss"], rel=1e-6
    )
    with np.load(weights) as arrays:
        np.testing.assert_array_equal(arrays["hidden/kernel"], model.get_layer("hidden").kernel.numpy())
