"""What a training records, and what it does when recording is not possible."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_kit import (
    BATCH_SIZE,
    ROWS,
    PausingMailbox,
    Training,
    captured_epochs,
    digits,
    facts,
    folder_of,
    metric_epochs,
    model_json,
    train,
)

from nntracker_ray.errors import CheckpointError, StaleAttemptError
from nntracker_ray.records import (
    Capture,
    CaptureSpec,
    Configuration,
    EarlyStopping,
    MetricPoint,
    NamedConf,
    Progress,
    Record,
)
from nntracker_ray.sinks import MemorySink
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.recorder import GuardedSink
from nntracker_ray.training.schedule import CheckpointSchedule
from tests.sample_runs import sample_spec

READINGS_PER_EPOCH = 17
STEPS = -(-ROWS // BATCH_SIZE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Training:
    """A run of six epochs, captured at every third, with an extra metric."""
    extra = NamedConf("SparseTopKCategoricalAccuracy", {"k": 3, "name": "top3"})
    spec = sample_spec(
        total_epochs=6, capture=CaptureSpec(3, layers=("hid*", "scores")), extra_metrics=(extra,)
    )
    return train(spec, folder)


def test_every_metric_of_every_epoch_is_recorded_once(whole: Training):
    """Nothing lost, nothing twice: train, validation, test and extra metrics alike."""
    for name in ("loss", "accuracy", "top3", "val_loss", "val_accuracy", "val_top3", "epoch_time"):
        assert metric_epochs(whole.records, name) == list(range(6)), name
    for name in ("test_loss", "test_accuracy", "test_top3"):
        assert metric_epochs(whole.records, name) == [5], name


def test_steps_count_optimizer_updates(whole: Training):
    """A point can be placed on an axis of steps without knowing the batch size."""
    steps = {r.epoch: r.step for r in whole.records if isinstance(r, MetricPoint)}

    assert steps == {epoch: STEPS * (epoch + 1) for epoch in range(6)}


def test_progress_comes_after_all_else_of_its_epoch(whole: Training):
    """Who sees an epoch sees it whole."""
    epoch = 0
    for record in whole.records:
        if isinstance(record, Progress) and record.epochs_done <= 5:
            epoch = record.epochs_done
        elif isinstance(record, MetricPoint | Capture):
            assert record.epoch == epoch or (record.epoch == 5 and epoch == 5)
    assert epoch == 5


def test_weights_are_captured_at_multiples_and_at_the_end(whole: Training):
    """Only the layers asked for, under their own names."""
    captures = [r for r in whole.records if isinstance(r, Capture)]

    assert [c.epoch for c in captures] == [0, 3, 5]
    names = [(a.layer_name, a.tensor, a.array.shape) for a in captures[0].arrays]
    assert names == [
        ("hidden", "kernel", (64, 16)),
        ("hidden", "bias", (16,)),
        ("scores", "kernel", (16, 10)),
        ("scores", "bias", (10,)),
    ]


def test_a_capture_is_a_copy(whole: Training):
    """Training on does not change what was captured."""
    first, *_, last = (r for r in whole.records if isinstance(r, Capture))

    assert not np.array_equal(first.arrays[0].array, last.arrays[0].array)


def test_the_facts_tell_where_and_how(whole: Training):
    """A result can be explained later: machine, versions, threads, model, sizes."""
    said = facts(whole.records)

    assert said["environment"]["threads"] == 1
    assert said["environment"]["keras"].startswith("3.")
    assert said["model_summary"]["parameters"] == 64 * 16 + 16 + 4 * 16 + 16 * 10 + 10
    assert said["model_summary"]["layers"][0]["name"] == "hidden"
    assert said["effective_learning_rate"] == 0.01
    assert said["checkpoint"]["resumed_from"] is None


def test_the_best_epoch_is_kept_as_a_whole_checkpoint(whole: Training, folder: Path):
    """One can look at it, fork from it, and take its weights home."""
    losses = [r.value for r in whole.records if isinstance(r, MetricPoint) and r.metric == "val_loss"]
    best = losses.index(min(losses))

    found = folder_of(sample_spec(), folder).info("best")

    assert (found.epochs_done, found.metric, found.value) == (best + 1, "val_loss", losses[best])
    assert facts(whole.records)["best"] == {"metric": "val_loss", "value": losses[best], "epoch": best}


@pytest.mark.parametrize(
    "optimizer", ["SGD", "RMSprop", pytest.param("Adafactor", marks=pytest.mark.slow), "Lion"]
)
def test_the_learning_rate_in_force_is_what_was_asked_for(tmp_path: Path, optimizer: str):
    """The original tracker showed a learning rate and trained with another."""
    configuration = replace(sample_spec().configuration, optimizer=NamedConf(optimizer), learning_rate=0.0375)

    run = train(sample_spec(total_epochs=1, configuration=configuration), tmp_path)

    assert facts(run.records)["effective_learning_rate"] == 0.0375


def test_without_a_learning_rate_the_optimizers_own_is_recorded(tmp_path: Path):
    """What is recorded is what is in force."""
    configuration = replace(sample_spec().configuration, learning_rate=None)

    run = train(sample_spec(total_epochs=1, configuration=configuration), tmp_path)

    assert facts(run.records)["effective_learning_rate"] == 0.001


def test_nan_is_recorded_and_training_goes_on(tmp_path: Path):
    """A loss that explodes is a result, and says when it did."""
    configuration = replace(sample_spec().configuration, learning_rate=1e38)

    run = train(
        sample_spec(total_epochs=3, configuration=configuration), tmp_path, model=model_json("linear")
    )

    losses = [r.value for r in run.records if isinstance(r, MetricPoint) and r.metric == "loss"]
    assert run.status.outcome == "finished"
    assert len(losses) == 3
    assert not any(math.isfinite(loss) for loss in losses)
    assert facts(run.records)["first_non_finite"]["epoch"] == 0


def test_an_early_stop_is_captured_and_the_best_weights_are_tested(tmp_path: Path):
    """The last epoch is the last one made, not the last one planned."""
    stopping = EarlyStopping(monitor="val_accuracy", patience=1, min_delta=0.9, restore_best=True)

    run = train(sample_spec(total_epochs=50, capture=CaptureSpec(40), early_stopping=stopping), tmp_path)

    assert run.status.outcome == "finished"
    assert captured_epochs(run.records) == [0, run.status.epochs_done - 1]
    assert facts(run.records)["restored_epoch"] == 0
    values = {r.metric: r.value for r in run.records if isinstance(r, MetricPoint) and r.epoch == 0}
    assert metric_epochs(run.records, "test_loss") == [run.status.epochs_done - 1]
    assert values["val_accuracy"] < 0.9


@pytest.mark.parametrize(("monitor", "epochs"), [("val_true_positives", 2), ("val_accuracy", 3)])
def test_early_stopping_ends_no_run_for_its_metric(tmp_path: Path, monitor: str, epochs: int):
    """Of some metrics Keras knows no way, and a regression has no accuracy: there it never stops, nor restores."""
    configuration = Configuration(NamedConf("Adam"), NamedConf("MeanSquaredError"), 0.01)
    watched = EarlyStopping(monitor=monitor, patience=1, min_delta=1e6, restore_best=True)

    run = train(
        sample_spec(
            total_epochs=3,
            configuration=configuration,
            extra_metrics=(NamedConf("TruePositives"),),
            early_stopping=watched,
        ),
        tmp_path,
        data=one_number(),
        model=one_weight(),
    )

    assert (run.status.outcome, run.status.epochs_done) == ("finished", epochs)
    assert facts(run.records).get("restored_epoch") == (0 if epochs == 2 else None)


def one_number() -> TrainingData:
    """Zeros and ones from zeros and ones: two batches."""
    x = np.tile(np.float32([[0], [1]]), (20, 1))
    return TrainingData(x, x, x, x, None, None, {})


def one_weight() -> str:
    import keras

    return str(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid")]).to_json())


def test_a_stopped_run_keeps_its_last_weights(tmp_path: Path):
    """Stop takes effect within a batch, with a capture of that moment and a checkpoint."""
    run = train(
        sample_spec(capture=CaptureSpec(3)),
        tmp_path,
        mailbox=PausingMailbox(READINGS_PER_EPOCH + 5, Mailbox.stop),
    )

    captures = [r for r in run.records if isinstance(r, Capture)]
    assert run.status.outcome == "stopped"
    assert [(c.epoch, c.step) for c in captures] == [(0, STEPS), (1, STEPS + 5)]
    assert run.checkpoint is not None
    assert (run.checkpoint.place.epochs_done, run.checkpoint.place.batches_done) == (1, 5)
    assert run.checkpoint.arrays["model/0"].tobytes() == captures[-1].arrays[0].array.tobytes()
    assert not metric_epochs(run.records, "test_loss")


class FailingSink(MemorySink):
    """Breaks at the first capture, after the facts."""

    def record(self, *records: Record) -> None:
        if any(isinstance(record, Capture) for record in records):
            raise RuntimeError("the disk has gone")
        super().record(*records)


def test_a_failing_sink_changes_no_number(tmp_path: Path):
    """Training never fails because of tracking; what is wrong is kept to be told."""
    good, bad = MemorySink(), FailingSink()

    weights = [final_state(sink, tmp_path / name) for name, sink in (("good", good), ("bad", bad))]

    assert weights[0] == weights[1]
    assert metric_epochs(good.records, "loss") == [0, 1, 2]
    assert metric_epochs(bad.records, "loss") == [0]


def final_state(sink: MemorySink, folder: Path) -> dict[str, bytes]:
    """Every variable after three epochs."""
    from nntracker_ray.training.attempt import Attempt
    from nntracker_ray.training.copies import Copies

    guarded = GuardedSink(sink)
    attempt = Attempt(
        sample_spec(total_epochs=3),
        data=digits(),
        model_json=model_json(),
        sink=guarded,
        checkpoints=folder_of(sample_spec(), folder),
        mailbox=Mailbox(),
        schedule=CheckpointSchedule(1),
    )
    assert attempt.run() == "finished"
    assert (guarded.trouble is not None) == isinstance(sink, FailingSink)
    return {name: array.tobytes() for name, array in Copies(attempt.model).state(with_metrics=False).items()}


class UnsafeSink(MemorySink):
    """Cannot bring anything to the disk."""

    def flush(self, timeout_s: float) -> bool:
        return False


def test_no_checkpoint_covers_records_that_are_not_safe(tmp_path: Path):
    """Else a kill would lose them: a record is durable, or its epoch is trained again."""
    run = train(sample_spec(total_epochs=2), tmp_path, sink=UnsafeSink())

    assert run.status.outcome == "finished"
    assert run.checkpoint is None
    assert "not safe" in (run.status.trouble or "")
    assert metric_epochs(run.records, "loss") == [0, 1]


@pytest.mark.parametrize("readings", [READINGS_PER_EPOCH + 5, READINGS_PER_EPOCH * 9])
def test_an_end_that_no_checkpoint_holds_is_told(tmp_path: Path, readings: int):
    """Who pauses, or forks what has finished, else takes it for the newest."""
    run = train(sample_spec(total_epochs=2), tmp_path, sink=UnsafeSink(), mailbox=PausingMailbox(readings))

    assert run.status.outcome == ("paused" if readings < READINGS_PER_EPOCH * 2 else "finished")
    assert "not safe" in run.status.unsaved
    assert "not safe" in facts(run.records)["checkpoint_trouble"]


class StaleSink(MemorySink):
    @property
    def stale(self) -> bool:
        return len(self.records) > 20


def test_an_attempt_that_was_overtaken_ends(tmp_path: Path):
    """Two trainers of one run must not go on side by side."""
    with pytest.raises(StaleAttemptError):
        train(sample_spec(total_epochs=50), tmp_path, sink=StaleSink())


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path):
    """Weights of one network are never put into another."""
    train(sample_spec(total_epochs=1), tmp_path)

    with pytest.raises(CheckpointError, match="arrays for the model"):
        train(sample_spec(total_epochs=2), tmp_path, model=model_json(use_bias=False))
