"""Numbers, times and configurations in words, the same on every page."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from nntracker_ray.records import NamedConf, RunRow, RunState

NOTHING = "\u2013"  # an en dash
TIMES = " \u00d7 "
CLOCK_METRICS = frozenset({"epoch_time", "elapsed_time"})  # in seconds


def number(value: float | None) -> str:
    """Four decimals between 0.001 and 1000, powers of ten beyond; NaN and infinity by name.

    >>> number(0.91234), number(1.2e-7), number(float("nan"))
    ('0.9123', '1.20e-07', 'NaN')
    """
    if value is None:
        return NOTHING
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:.4f}"
    return f"{value:,.1f}" if 1e3 <= abs(value) < 1e6 else f"{value:.2e}"


def metric(name: str) -> str:
    """
    >>> metric("val_loss"), metric("epoch_time")
    ('val_loss', 'epoch_time, s')
    """
    return f"{name}, s" if name in CLOCK_METRICS else name


def learning_rate(value: float | None) -> str:
    """As people write it: 0.001, 1e-05.

    >>> learning_rate(0.001), learning_rate(float(3e-5))
    ('0.001', '3e-05')
    """
    return NOTHING if value is None else f"{value:.6g}"


def duration(time: timedelta | None) -> str:
    """Hours, minutes, seconds: 3:07:11, 12:05, 0:42.

    >>> duration(timedelta(seconds=725))
    '12:05'
    """
    if time is None:
        return NOTHING
    minutes, seconds = divmod(max(0, round(time.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def elapsed(row: RunRow, now: datetime) -> timedelta | None:
    """Spent training, pauses left out, as the trainer has last told; None when the run has not begun.

    Before the first epoch has ended: since it began.
    """
    if row.started_at is None:
        return None
    trained_s = row.metrics.get("elapsed_time")
    if trained_s is not None and math.isfinite(trained_s):
        return timedelta(seconds=trained_s)
    return (row.ended_at or now) - row.started_at


def time_left(row: RunRow) -> timedelta | None:
    """At the pace of the last epoch; None when it is not at work, or nothing is known or left.

    The clock since it began would be no measure: a run that was paused stood still, a fork inherits epochs.
    """
    pace_s, left = row.metrics.get("epoch_time"), row.total_epochs - row.epochs_done
    if row.state is not RunState.RUNNING or left <= 0 or not pace_s or not math.isfinite(pace_s):
        return None
    return timedelta(seconds=pace_s * left)


def named(conf: NamedConf) -> str:
    """`SGD` or `SGD (momentum 0.9)`.

    >>> named(NamedConf("SGD", {"momentum": 0.9}))
    'SGD (momentum 0.9)'
    """
    arguments = ", ".join(f"{key} {value}" for key, value in conf.conf.items())
    return f"{conf.name} ({arguments})" if arguments else conf.name


def fold(number_from_0: int | None) -> str:
    """Folds are counted from 1 in names, so here too."""
    return NOTHING if number_from_0 is None else str(number_from_0 + 1)


def moment(time: datetime | None) -> str:
    """UTC, to the second: 2026-03-01 14:05:09."""
    return NOTHING if time is None else f"{time:%Y-%m-%d %H:%M:%S}"


def plural(count: int, noun: str) -> str:
    """
    >>> plural(1, "run"), plural(1200, "run")
    ('1 run', '1,200 runs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
