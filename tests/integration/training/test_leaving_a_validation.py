"""A person does not wait for the end of a long validation or test, and nothing is lost by that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_kit import PausingMailbox, Training, bits, digits, metric_epochs, outcome, train

from nntracker_ray.records import Record
from nntracker_ray.training.control import Mailbox
from tests.sample_runs import sample_spec

VALIDATION_BATCHES = 7  # 200 rows


class AskingInEvaluation(Mailbox):
    """Asks when an evaluation has looked so many times: before a batch of it that the test chooses."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._left = looks

    @property
    def is_asked(self) -> bool:
        self._left -= 1
        if self._left < 0:
            self.pause()
        return super().is_asked


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The run that nobody interrupted."""
    return train(sample_spec(), tmp_path_factory.mktemp("straight"))


@pytest.mark.parametrize("batch", [0, VALIDATION_BATCHES - 1])
def test_a_pause_within_a_validation_changes_no_bit(straight: Training, tmp_path: Path, batch: int):
    """It goes back to before the last batch of the epoch; that batch and the validation are made again."""
    paused = train(sample_spec(), tmp_path, mailbox=AskingInEvaluation(batch))
    resumed = train(sample_spec(), tmp_path)

    assert paused.status.outcome == "paused"
    assert metric_epochs(paused.records, "val_loss") == []
    assert bits(resumed.checkpoint) == bits(straight.checkpoint)
    assert outcome([*paused.records, *resumed.records]) == outcome(straight.records)


def test_a_short_validation_is_waited_for_after_the_first(tmp_path: Path):
    """A copy of the model before each would cost more than the wait."""
    made = train(sample_spec(), tmp_path, mailbox=AskingInEvaluation(VALIDATION_BATCHES))

    # The next look came from the test.
    assert metric_epochs(made.records, "val_loss") == [0, 1, 2, 3]
    assert (made.status.outcome, made.status.epochs_done) == ("paused", 4)


def test_a_pause_within_the_test_evaluation_keeps_the_training_and_tests_later(
    tmp_path: Path,
):
    """The last epoch has its checkpoint already."""
    data = replace(digits(), x_val=None, y_val=None)
    paused = train(sample_spec(), tmp_path, data=data, mailbox=AskingInEvaluation(1))
    resumed = train(sample_spec(), tmp_path, data=data)

    assert paused.status.outcome == "paused"
    assert paused.status.epochs_done == 4
    assert metric_epochs(paused.records, "test_loss") == []
    assert resumed.status.outcome == "finished"
    assert metric_epochs(resumed.records, "test_loss") == [3]


@pytest.mark.slow
def test_twenty_pauses_at_random_batches_change_nothing(straight: Training, tmp_path: Path):
    """Weights, optimizer state, metrics of the broken epochs: all as if nobody had asked."""
    records: list[Record] = []
    for readings in np.random.default_rng(5).integers(1, 4, size=20):
        records += train(sample_spec(), tmp_path, mailbox=PausingMailbox(int(readings))).records
    last = train(sample_spec(), tmp_path)

    assert last.status.outcome == "finished"
    assert bits(last.checkpoint) == bits(straight.checkpoint)
    assert outcome([*records, *last.records]) == outcome(straight.records)
