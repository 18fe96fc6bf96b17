"""A long epoch is checkpointed in its midst: as often as that is meant, and no more often."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from training_kit import model_json

from nntracker_ray.training.schedule import CheckpointSchedule
from tests.sample_runs import sample_spec


class InstantSaver(SimpleNamespace):
    """Writes nothing, and says at once that it took so long."""

    def __init__(self, took_s: float) -> None:
        super().__init__(took_s=took_s, idle=True, trouble=None, infos=[], begun=0)

    def begin(self, keeping: Any) -> None:
        self.begun += 1


@pytest.fixture
def kept_moments() -> Iterator[Any]:
    """The seconds at which a run in its first epoch, looked at every second, began to write a checkpoint."""
    from nntracker_ray.training.checkpoint import Place
    from nntracker_ray.training.compiling import compiled_model
    from nntracker_ray.training.copies import Copies
    from nntracker_ray.training.course import Course
    from nntracker_ray.training.keeper import Keeper

    spec = sample_spec()
    model = compiled_model(spec, model_json())
    copies = Copies(model)

    def moments(*, took_s: float, until_s: int) -> list[int]:
        saver = InstantSaver(took_s)
        keeper = Keeper(
            spec,
            model=model,
            copies=copies,
            course=Course(Place(), batches=16, total_epochs=4),
            saver=saver,
            schedule=CheckpointSchedule(1),
            environment={},
            stopper=None,
            learning_rate=SimpleNamespace(memory=None),
            resumed=None,
            run_no=None,
        )
        found = []
        for now_s in range(until_s + 1):
            before = saver.begun
            keeper.within_epoch(now_s=float(now_s))
            found += [now_s] if saver.begun > before else []
        return found

    yield moments
    copies.close()


def test_a_long_epoch_has_a_checkpoint_every_two_minutes(kept_moments: Any):
    """Each copy costs the training time: one for every batch would cost most of it."""
    found = kept_moments(took_s=0.0, until_s=610)

    # Seen to be written a second after it was begun, and counted from there.
    assert found == [120, 241, 362, 483, 604]


def test_checkpoints_that_take_long_come_more_rarely_within_an_epoch_too(kept_moments: Any):
    """At most one per cent of the time: after one of five seconds none for 495."""
    found = kept_moments(took_s=5.0, until_s=1200)

    assert found[0] == 120
    assert all(later - earlier >= 495 for earlier, later in pairwise(found))
    assert len(found) == 3
