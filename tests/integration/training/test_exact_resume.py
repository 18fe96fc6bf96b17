"""A run that was interrupted is the run that was not: bit for bit, on the same kind of CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_kit import PausingMailbox, Training, bits, outcome, train

from nntracker_ray.records import EarlyStopping, NamedConf, Record
from tests.sample_runs import sample_spec

READINGS_PER_EPOCH = 17  # 16 batches and the end of the epoch


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The run that nobody interrupted."""
    return train(sample_spec(), tmp_path_factory.mktemp("straight"))


def test_spec_and_seed_determine_every_bit(straight: Training, tmp_path: Path):
    """Two people who train the same thing get the same thing."""
    again = train(sample_spec(), tmp_path)

    assert bits(again.checkpoint) == bits(straight.checkpoint)
    assert outcome(again.records) == outcome(straight.records)


def test_another_seed_gives_another_training(straight: Training, tmp_path: Path):
    """The comparison above can fail."""
    other = train(sample_spec(seed=12), tmp_path)

    assert bits(other.checkpoint) != bits(straight.checkpoint)


@pytest.mark.parametrize(
    "readings",
    [
        pytest.param(READINGS_PER_EPOCH + 9, id="amid an epoch"),
        pytest.param(READINGS_PER_EPOCH * 2 - 1, id="between epochs"),
        pytest.param(0, id="before the first batch", marks=pytest.mark.slow),
        pytest.param(READINGS_PER_EPOCH + 1, id="after one batch", marks=pytest.mark.slow),
        pytest.param(READINGS_PER_EPOCH + 15, id="before the last batch", marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_equals_the_straight_one(straight: Training, tmp_path: Path, readings: int):
    """Dropout masks, moving means, Adam's moments, data order and running metrics all go on where they were."""
    paused = train(sample_spec(), tmp_path, mailbox=PausingMailbox(readings))
    resumed = train(sample_spec(), tmp_path)

    assert paused.status.outcome == "paused"
    assert bits(resumed.checkpoint) == bits(straight.checkpoint)
    assert outcome([*paused.records, *resumed.records]) == outcome(straight.records)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "Nadam"])
def test_ten_pauses_at_random_batches_change_nothing(tmp_path: Path, optimizer: str):
    """Somebody may pause and resume as often as they like."""
    spec = sample_spec(configuration=replace(sample_spec().configuration, optimizer=NamedConf(optimizer)))
    straight = train(spec, tmp_path / "straight")
    pauses = np.random.default_rng(3).integers(1, 9, size=10)

    records: list[Record] = []
    for readings in pauses:
        records += train(spec, tmp_path / "paused", mailbox=PausingMailbox(int(readings))).records
    last = train(spec, tmp_path / "paused")

    assert bits(last.checkpoint) == bits(straight.checkpoint)
    assert outcome([*records, *last.records]) == outcome(straight.records)


@pytest.mark.slow
def test_early_stopping_remembers_over_a_pause(tmp_path: Path):
    """Its patience counts epochs of the run, not of the attempt; its best weights survive."""
    stopping = EarlyStopping(monitor="val_accuracy", patience=2, min_delta=0.2, restore_best=True)
    spec = sample_spec(total_epochs=12, early_stopping=stopping)
    straight = train(spec, tmp_path / "straight")

    paused = train(spec, tmp_path / "paused", mailbox=PausingMailbox(READINGS_PER_EPOCH * 3 + 5))
    resumed = train(spec, tmp_path / "paused")

    assert straight.status.outcome == "finished"
    assert 4 <= straight.status.epochs_done < 12
    assert bits(resumed.checkpoint) == bits(straight.checkpoint)
    assert outcome([*paused.records, *resumed.records]) == outcome(straight.records)


def test_a_finished_run_trained_again_says_the_same(straight: Training, tmp_path: Path):
    """A worker may die after the last checkpoint and before the test evaluation: the next one makes it."""
    first = train(sample_spec(), tmp_path)
    second = train(sample_spec(), tmp_path)

    said = outcome(second.records)
    assert second.status == first.status
    assert ("metric", "test_loss", 3) in said
    assert said.items() <= outcome(straight.records).items()
