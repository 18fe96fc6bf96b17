"""Batches come in the order of their epoch, from wherever it is entered, and nobody waits for a tuner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.data import epoch_order

ROWS, BATCH, SEED = 11, 4, 3


@pytest.fixture
def feed():
    """Rows that say their own number."""
    numbers = np.arange(ROWS)
    return BatchFeed(numbers[:, None].astype(np.float32), numbers, batch_size=BATCH, seed=SEED)


@pytest.mark.parametrize("skipped", [0, 1, 2])
@pytest.mark.parametrize("epoch", [0, 5])
def test_an_epoch_is_entered_at_any_batch(feed, epoch, skipped):
    """The last batch is smaller. The dataset says how many a whole epoch has, so no more are asked for."""
    feed.enter(epoch, batches_done=skipped)

    left = islice(feed.dataset.as_numpy_iterator(), feed.batches - skipped)
    batches = [(x[:, 0].astype(int).tolist(), y.tolist()) for x, y in left]

    order = epoch_order(SEED, epoch, ROWS).tolist()
    expected = [order[first : first + BATCH] for first in range(0, ROWS, BATCH)][skipped:]
    assert batches == [(rows, rows) for rows in expected]


def test_a_batch_is_seen_beside_the_training_as_the_training_sees_it(feed):
    """Also one of another epoch than the one that is fed, and back."""
    for epoch in (2, 3, 2):
        feed.enter(epoch)
        for number, (x, y) in enumerate(feed.dataset.as_numpy_iterator()):
            seen_x, seen_y = feed.batch(epoch, number)
            other_x, _ = feed.batch(epoch + 1, number)
            np.testing.assert_array_equal(seen_x, x)
            np.testing.assert_array_equal(seen_y, y)
            assert other_x.numpy().tolist() != x.tolist()


def test_tensorflow_does_not_choose_how_much_to_prepare(feed):
    """While it did, one epoch in ten stood still for 1 to 20 s, until the chooser woke up."""
    assert feed.dataset.options().autotune.enabled is False


def test_a_process_that_is_killed_leaves_no_file_behind(tmp_path):
    """TensorFlow writes functions that it rewrites to files, and deletes them when a process ends in peace."""
    feeding = """
import os, signal
import numpy as np
from nntracker_ray.training.batches import BatchFeed
feed = BatchFeed(np.zeros((5, 1)), np.zeros(5), batch_size=2, seed=0)
assert len(list(feed.dataset)) == feed.batches == 3
feed.batch(0, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", feeding], check=False, env=os.environ | {"TMPDIR": str(tmp_path)}
    )

    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
