"""Moments in the clock of whoever looks: the browser writes them, UTC stays under the pointer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree


class Form(StrEnum):
    """How much of a moment is said."""

    DAY = "day"  # today; 21 Nov
    MINUTE = "minute"  # today, 14:05; 21 Nov 2025, 14:05
    SECOND = "second"
    CLOCK = "clock"  # 14:05:09, where the day is said elsewhere


def local_time(time: datetime | None, form: Form = Form.MINUTE) -> Tree:
    """A moment, or a dash for none.

    Args:
        time: In UTC, with or without saying so.
    """
    if time is None:
        return words.NOTHING
    exact = f"{words.moment(time)} UTC"
    return h("time", exact, datetime=f"{time:%Y-%m-%dT%H:%M:%S}Z", title=exact, data_form=form.value)
