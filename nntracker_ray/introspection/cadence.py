"""When a look is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nntracker_ray.records import Observed


@dataclass(frozen=True, slots=True)
class Moment:
    """The step about to be made, and its place in the run."""

    epoch: int  # 0-based
    step: int  # 1 for the first of the run
    begins_epoch: bool
    ends_epoch: bool
    is_last_epoch: bool  # as planned


def is_due(observed: Observed, moment: Moment) -> bool:
    """Whether a metric is taken at this step.

    By steps: at the first of the run, which shows how it begins, and at each that `every` divides. By epochs: at the
    last step of epochs 0, p, 2p, ... and of the last one, as captures are.
    """
    if observed.every_epochs is not None:
        due = moment.is_last_epoch or moment.epoch % observed.every_epochs == 0
        return moment.ends_epoch and due
    every = observed.every or 1
    return moment.step == 1 or moment.step % every == 0
