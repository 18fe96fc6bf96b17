"""A run's random numbers are its own, however busy the process is that trains it."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from training_kit import model_json

from tests.sample_runs import sample_spec


@contextmanager
def another_thread_throws_dice() -> Iterator[None]:
    """As connection pools and retries do, all the time."""
    enough = threading.Event()

    def throw() -> None:
        while not enough.is_set():
            random.random()  # noqa: S311

    thread = threading.Thread(target=throw)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def first_weights() -> list[bytes]:
    from nntracker_ray.training.compiling import compiled_model

    return [variable.numpy().tobytes() for variable in compiled_model(sample_spec(), model_json()).variables]


def test_first_weights_and_masks_do_not_depend_on_what_other_threads_draw():
    """The seeds of layers once came from a generator that the spool's retries drew from, too."""
    alone = first_weights()

    with another_thread_throws_dice():
        beside = [first_weights() for _ in range(3)]

    assert beside == [alone] * 3
