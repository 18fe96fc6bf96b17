"""At the first step and each n-th, or at the ends of epochs."""

from __future__ import annotations

from nntracker_ray.introspection.cadence import Moment, is_due
from nntracker_ray.records import Observed


def steps_of(observed: Observed, *, batches: int = 4, epochs: int = 5) -> list[int]:
    """The steps of a run at which it is due."""
    return [
        step
        for step in range(1, batches * epochs + 1)
        if is_due(observed, moment(step, batches=batches, epochs=epochs))
    ]


def moment(step: int, *, batches: int, epochs: int) -> Moment:
    epoch, batch = divmod(step - 1, batches)
    return Moment(epoch, step, batch == 0, batch == batches - 1, epoch == epochs - 1)


def test_by_steps():
    """The first one shows how the network begins."""
    assert steps_of(Observed("mean", every=6)) == [1, 6, 12, 18]
    assert steps_of(Observed("mean", every=1)) == list(range(1, 21))
    assert steps_of(Observed("mean", every=100)) == [1]


def test_by_epochs():
    """At the last step of epochs 0, p, 2p, ... and of the last one, as captures are."""
    assert steps_of(Observed("mean", every=None, every_epochs=1)) == [4, 8, 12, 16, 20]
    assert steps_of(Observed("mean", every=None, every_epochs=3)) == [4, 16, 20]
    assert steps_of(Observed("mean", every=None, every_epochs=100)) == [4, 20]
