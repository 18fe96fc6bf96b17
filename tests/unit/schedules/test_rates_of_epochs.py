"""Every kind of schedule gives the rates that its manual promises."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nntracker_ray.records import LearningRateSchedule
from nntracker_ray.schedules import ScheduleMemory, cause_of, rate_of_epoch, watch_epoch


def rates(kind: str, count: int, *, initial: float = 0.1, **conf: Any) -> list[float]:
    schedule = LearningRateSchedule(kind, conf)
    return [
        rate_of_epoch(schedule, ScheduleMemory(), epoch=epoch, initial=initial, rate=initial)
        for epoch in range(count)
    ]


def test_a_step_schedule_changes_every_so_many_epochs():
    """The first change comes with epoch `every`."""
    found = rates("step", 7, factor=0.5, every=3)

    assert found == [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025]


def test_an_exponential_schedule_changes_every_epoch():
    """Rate to the power of the epoch."""
    assert rates("exponential", 3, initial=1.0, rate=0.5) == [1.0, 0.5, 0.25]


def test_a_constant_schedule_stays():
    """The one to compare others with in a sweep."""
    assert set(rates("constant", 5)) == {0.1}


def test_a_cosine_schedule_rises_turns_and_stays_at_its_floor():
    """An extended run goes on at the floor."""
    found = rates("cosine", 14, initial=1.0, epochs=12, warmup=2, floor=0.1)

    assert found[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert found[7] == pytest.approx(0.55)  # half-way
    assert found[2:13] == sorted(found[2:13], reverse=True)
    assert found[12:] == pytest.approx([0.1, 0.1])


def test_a_policy_sees_the_epoch_the_rates_and_the_last_metrics():
    """All of them at the beginning of the epoch that the result is for."""
    schedule = LearningRateSchedule("policy", {"expression": "rate / 2 if val_loss > 1 else initial + epoch"})
    memory = ScheduleMemory()
    first = rate_of_epoch(schedule, memory, epoch=0, initial=0.1, rate=0.1)

    watch_epoch(schedule, memory, {"loss": 0.5, "val_loss": 2.0}, rate=0.1, up=False)
    second = rate_of_epoch(schedule, memory, epoch=1, initial=0.1, rate=0.1)
    watch_epoch(schedule, memory, {"loss": 0.5, "val_loss": 1.0}, rate=0.1, up=False)
    third = rate_of_epoch(schedule, memory, epoch=2, initial=0.1, rate=0.05)

    assert (first, second, third) == (0.1, 0.05, 2.1)
    assert memory.logs == {"val_loss": 1.0}


def test_a_policy_of_the_epoch_alone_holds_from_the_first_epoch_on():
    """Only what asks for measurements has to wait for them."""
    assert rates("policy", 2, expression="initial / (1 + epoch + 1)") == [0.05, pytest.approx(0.1 / 3)]


def test_a_metric_that_is_not_measured_is_an_error():
    """The caller keeps the rate and says so once."""
    schedule, memory = LearningRateSchedule("policy", {"expression": "accuracy"}), ScheduleMemory()
    watch_epoch(schedule, memory, {"loss": 0.5}, rate=0.1, up=False)

    with pytest.raises(LookupError):
        rate_of_epoch(schedule, memory, epoch=1, initial=0.1, rate=0.1)


def test_the_first_epoch_of_a_fork_has_no_metrics():
    """It may be the fifth of its curve; nothing is wrong with that."""
    schedule = LearningRateSchedule("policy", {"expression": "initial * val_loss"})

    assert rate_of_epoch(schedule, ScheduleMemory(), epoch=5, initial=0.1, rate=0.05) == 0.05


def test_a_nan_does_not_count_as_improvement():
    """A diverged run is a plateau as well."""
    conf = {"monitor": "loss", "factor": 0.1, "patience": 2, "min_delta": 0.0, "cooldown": 0, "min_lr": 0.0}
    schedule, memory = LearningRateSchedule("plateau", conf), ScheduleMemory()

    for loss in (1.0, math.nan, math.nan):
        watch_epoch(schedule, memory, {"loss": loss}, rate=1.0, up=False)

    assert rate_of_epoch(schedule, memory, epoch=3, initial=1.0, rate=1.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("kind", "conf", "words"),
    [
        ("step", {"factor": 0.5, "every": 10}, "step: x 0.5 every 10 epochs"),
        ("exponential", {"rate": 0.95}, "exponential: x 0.95 every epoch"),
        (
            "cosine",
            {"epochs": 30, "warmup": 2, "floor": 0},
            "cosine: down to 0 over 30 epochs, the first 2 rising",
        ),
        (
            "plateau",
            {"factor": 0.1, "monitor": "val_loss", "patience": 1},
            "plateau: x 0.1 as val_loss has not improved for 1 epoch",
        ),
        ("policy", {"expression": "initial / epoch"}, "policy: initial / epoch"),
    ],
)
def test_the_cause_of_a_change_is_told_in_words(kind: str, conf: dict[str, Any], words: str):
    """Who reads the plot wants to know why."""
    assert cause_of(LearningRateSchedule(kind, conf)) == words
