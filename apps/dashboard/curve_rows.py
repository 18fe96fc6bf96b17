"""The metric values that one open page has, and which of those that arrive are new to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

TYPES = {"epoch": "int64", "step": "int64", "value": "float64", "time": "datetime64[us]", "inherited": "bool"}


class Row(NamedTuple):
    """One value; the fields are the columns of the frame."""

    run_id: Any
    metric: str
    epoch: int
    step: int
    value: float
    time: datetime  # UTC, without saying so
    inherited: bool  # by a fork from its parent


class CurveRows:
    """Grows by the rows of later epochs; an epoch seen half, as when test values follow, is completed.

    What a page does at each epoch costs as much as is new: the frame of everything is made when somebody asks for it.
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._framed = (-1, pd.DataFrame())  # of so many rows
        self._recent: set[tuple[str, int]] = set()  # of the newest epochs: those that are asked for again
        self._last_epoch = -1
        self._last_time: datetime | None = None
        self._latest: dict[str, float] = {}

    @property
    def frame(self) -> pd.DataFrame:
        """Everything so far, a column for each field of `Row`."""
        # A page draws on one thread while rows arrive on another.
        count, frame = self._framed
        if count != len(self._rows):
            rows = self._rows[:]
            columns = list(zip(*rows, strict=True)) or [()] * len(Row._fields)
            frame = pd.DataFrame(dict(zip(Row._fields, columns, strict=True))).astype(TYPES)
            self._framed = (len(rows), frame)
        return frame

    @property
    def latest(self) -> Mapping[str, float]:
        """The newest value of each metric."""
        return self._latest

    @property
    def last_time(self) -> datetime | None:
        """When the newest value was measured, UTC without saying so; None before the first one."""
        return self._last_time

    @property
    def after_epoch(self) -> int:
        """Ask for rows of later epochs than this; the newest epoch is asked for again, it may have grown."""
        return max(-1, self._last_epoch - 1)

    def __len__(self) -> int:
        return len(self._rows)

    def since(self, count: int) -> Sequence[Row]:
        """The rows behind the first `count` ones, in the order they arrived."""
        return self._rows[count:]

    def add(self, columns: Mapping[str, Any]) -> Sequence[Row]:
        """Take what was fetched; returns the part of it that is new."""
        lists = [_plain(columns[name]) for name in Row._fields]
        fetched = {(row.metric, row.epoch): row for row in map(Row._make, zip(*lists, strict=True))}
        fresh = [row for key, row in fetched.items() if key not in self._recent]
        if fresh:
            self._rows += fresh
            # Another one each time: the page may be looking through the last one on its own thread.
            self._latest = self._latest | {row.metric: row.value for row in fresh}
            self._last_epoch = max(self._last_epoch, *(row.epoch for row in fresh))
            newest = max(row.time for row in fresh)
            self._last_time = newest if self._last_time is None else max(self._last_time, newest)
            keys = [*self._recent, *((row.metric, row.epoch) for row in fresh)]
            self._recent = {key for key in keys if key[1] > self.after_epoch}
        return fresh


def _plain(column: Any) -> list[Any]:
    return column.tolist() if hasattr(column, "tolist") else list(column)
