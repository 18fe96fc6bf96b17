"""The metric values that one open page has, and which of those that arrive are new to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = ["run_id", "metric", "epoch", "step", "value", "time", "inherited"]
TYPES = {"epoch": "int64", "step": "int64", "value": "float64", "time": "datetime64[us]", "inherited": "bool"}


class CurveRows:
    """Grows by the rows of later epochs; an epoch seen half, as when test values follow, is completed."""

    def __init__(self) -> None:
        self._frame = pd.DataFrame({name: [] for name in COLUMNS}).astype(TYPES)
        self._last_epoch = -1
        self._latest: dict[str, float] = {}

    @property
    def frame(self) -> pd.DataFrame:
        """Everything so far: run_id, metric, epoch, step, value, time (UTC), inherited (by a fork from its parent)."""
        return self._frame

    @property
    def latest(self) -> Mapping[str, float]:
        """The newest value of each metric."""
        return self._latest

    @property
    def after_epoch(self) -> int:
        """Ask for rows of later epochs than this; the newest epoch is asked for again, it may have grown."""
        return max(-1, self._last_epoch - 1)

    def add(self, columns: Mapping[str, Any]) -> pd.DataFrame:
        """Take what was fetched; returns the part of it that is new."""
        fetched = pd.DataFrame({name: columns[name] for name in COLUMNS})
        if fetched.empty:
            return fetched
        known = pd.MultiIndex.from_frame(self._recent()[["metric", "epoch"]])
        arrived = pd.MultiIndex.from_frame(fetched[["metric", "epoch"]])
        fresh = fetched[~arrived.isin(known)].drop_duplicates(["metric", "epoch"], keep="last")
        if not fresh.empty:
            self._frame = pd.concat([self._frame, fresh], ignore_index=True) if len(self._frame) else fresh
            self._last_epoch = max(self._last_epoch, int(fresh["epoch"].max()))
            newest = fresh.drop_duplicates("metric", keep="last")
            self._latest |= dict(zip(newest["metric"], newest["value"].astype(float), strict=True))
        return fresh

    def _recent(self) -> pd.DataFrame:
        return self._frame[self._frame["epoch"] > self.after_epoch]
