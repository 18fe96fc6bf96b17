"""Threads are settled once per process; a trainer starts once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from training_kit import digits, folder_of, model_json

from nntracker_ray.errors import ConflictError
from nntracker_ray.sinks import MemorySink
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.fit import Trainer
from nntracker_ray.training.process import configure_process, configured_threads
from nntracker_ray.training.warm_up import warm_up
from tests.sample_runs import sample_spec


def test_threads_are_settled_once():
    """Another number would give other bits in silence."""
    configure_process(1)

    with pytest.raises(ConflictError, match="1 threads and was asked for 2"):
        configure_process(2)
    with pytest.raises(ValueError, match="1 or more"):
        configure_process(0)
    assert configured_threads() == 1


def test_a_trainer_obeys_from_another_thread_and_starts_once(tmp_path: Path):
    """The caller watches, asks, and gets its word within a batch."""
    mailbox = Mailbox()
    trainer = Trainer(
        sample_spec(total_epochs=100_000),
        data=digits(),
        model_json=model_json(),
        sink=MemorySink(),
        checkpoints=folder_of(sample_spec(), tmp_path),
        mailbox=mailbox,
    )
    trainer.start()
    while trainer.wait(0.05).epochs_done < 1:
        time.sleep(0.01)

    mailbox.stop()
    status = trainer.wait(60.0)

    assert status.outcome == "stopped"
    assert status.steps_done >= 16
    with pytest.raises(ConflictError, match="starts once"):
        trainer.start()


def test_warming_up_needs_nothing_and_leaves_nothing():
    """A worker pays for the first training before there is one."""
    warm_up()
