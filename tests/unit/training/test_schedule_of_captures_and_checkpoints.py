"""When captures and checkpoints are due."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.training.schedule import CheckpointSchedule, capture_epochs, capture_is_due

counts = st.integers(1, 200)


@given(total=counts, period=counts)
def test_captures_are_the_multiples_of_the_period_and_the_last_epoch(total: int, period: int):
    """The experiment file promises epochs 0, p, 2p, ... and always the last."""
    captured = list(capture_epochs(total, period=period))

    assert captured == sorted({*range(0, total, period), total - 1})


@given(total=counts, period=counts, broken=st.lists(st.integers(0, 200)))
def test_an_interruption_moves_no_capture(total: int, period: int, broken: list[int]):
    """What is captured depends on the epoch alone, not on the attempt that makes it."""
    starts = sorted({0, *(epoch for epoch in broken if epoch < total)})

    captured = [
        epoch
        for first, end in zip(starts, [*starts[1:], total], strict=True)
        for epoch in range(first, end)
        if capture_is_due(epoch, period=period, last=epoch == total - 1)
    ]

    assert captured == list(capture_epochs(total, period=period))


@given(stopped=st.integers(0, 50), period=counts)
def test_the_epoch_of_an_early_stop_is_captured(stopped: int, period: int):
    """The weights with which a run ends are always there."""
    assert capture_is_due(stopped, period=period, last=True)


@given(
    period=st.integers(1, 5),
    share=st.floats(0.005, 0.5),
    epoch_s=st.floats(0.001, 10.0),
    cost_s=st.floats(0.0001, 5.0),
)
def test_checkpoints_take_no_more_than_their_share(period: int, share: float, epoch_s: float, cost_s: float):
    """An epoch of a millisecond is not worth a checkpoint of a second."""
    schedule = CheckpointSchedule(period, share=share)
    now_s, spent_s, written = 0.0, 0.0, []

    for epochs_done in range(1, 200):
        now_s += epoch_s
        if schedule.is_due(epochs_done=epochs_done, now_s=now_s):
            now_s += cost_s
            spent_s += cost_s
            written.append(epochs_done)
            schedule.written(covers=epochs_done, now_s=now_s, took_s=cost_s)

    last_one_s = cost_s  # nothing has followed it yet
    assert spent_s - last_one_s <= share * now_s * 1.000001
    assert all(later - earlier >= period for earlier, later in pairwise(written))


def test_long_epochs_have_a_checkpoint_each_period():
    """Where checkpoints are cheap the period asked for is kept exactly."""
    schedule, written = CheckpointSchedule(2), []

    for epochs_done in range(1, 9):
        now_s = 100.0 * epochs_done
        if schedule.is_due(epochs_done=epochs_done, now_s=now_s):
            written.append(epochs_done)
            schedule.written(covers=epochs_done, now_s=now_s, took_s=0.1)

    assert written == [2, 4, 6, 8]


def test_an_epoch_of_hours_is_saved_in_its_midst():
    """A kill costs minutes, however long the epoch."""
    schedule = CheckpointSchedule(1, in_epoch_s=60.0)

    due = [now for now in range(200) if _due_and_written(schedule, float(now))]

    assert due == [60, 120, 180]


def _due_and_written(schedule: CheckpointSchedule, now_s: float) -> bool:
    due = schedule.is_due_within(now_s=now_s)
    if due:
        schedule.written(covers=0, now_s=now_s, took_s=0.0)
    return due
