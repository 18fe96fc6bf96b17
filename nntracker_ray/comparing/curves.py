"""One metric of one run, as arrays."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One metric of one run; a fork's begins with what it inherited. All arrays (n,), by epoch and then step."""

    run_id: Hashable
    epochs: Integers  # 0-based; one may occur several times, at different steps
    steps: Integers  # optimizer updates made by then; 0 where they were not asked for
    values: Floats  # the metric's own unit; nan, inf and -inf as they were measured
    times: NDArray[Any]  # datetime64[us], UTC; NaT where they were not asked for
    inherited_epochs: int = 0  # points of earlier epochs were measured by an ancestor

    def by_epoch(self) -> Curve:
        """The last value of each epoch."""
        if len(self.epochs) < 2:
            return self
        is_last = np.append(self.epochs[1:] != self.epochs[:-1], True)
        return self if is_last.all() else self._taken(is_last)

    def _taken(self, places: NDArray[Any]) -> Curve:
        return replace(
            self,
            epochs=self.epochs[places],
            steps=self.steps[places],
            values=self.values[places],
            times=self.times[places],
        )


def curve_of(
    run_id: Hashable,
    epochs: NDArray[Any],
    steps: NDArray[Any],
    values: NDArray[Any],
    times: NDArray[Any],
    inherited_epochs: int = 0,
) -> Curve:
    """Points in any order, brought into that of a curve; of two at one epoch and step the later one counts."""
    given = Curve(
        run_id,
        np.asarray(epochs, np.int64),
        np.asarray(steps, np.int64),
        np.asarray(values, np.float64),
        np.asarray(times, "datetime64[us]"),
        inherited_epochs,
    )
    later = np.diff(given.epochs)
    if (later > 0).all():
        return given
    ordered = given._taken(np.lexsort((given.steps, given.epochs)))
    same = (np.diff(ordered.epochs) == 0) & (np.diff(ordered.steps) == 0)
    return ordered._taken(~np.append(same, False))


def extended(known: Curve, fresh: Curve, *, from_epoch: int | None = None) -> Curve:
    """A curve and later readings of it; where both have an epoch and step, the later reading counts.

    Args:
        from_epoch: The fresh reading is all there is from this epoch on: known points there are forgotten.
    """
    kept = slice(None) if from_epoch is None else slice(0, int(np.searchsorted(known.epochs, from_epoch)))
    return curve_of(
        fresh.run_id,
        np.concatenate([known.epochs[kept], fresh.epochs]),
        np.concatenate([known.steps[kept], fresh.steps]),
        np.concatenate([known.values[kept], fresh.values]),
        np.concatenate([known.times[kept], fresh.times]),
        fresh.inherited_epochs,
    )


def curves_of(frame: pd.DataFrame, metric: str) -> list[Curve]:
    """The curves of a frame, for notebooks.

    Args:
        frame: Columns run_id, metric, epoch and value; step, time and inherited where they are known.
        metric: Full name: "val_accuracy".
    Returns: One for each run that has the metric, in order of their first appearance.
    """
    rows = frame[frame["metric"] == metric]
    return [_of_rows(run_id, part) for run_id, part in rows.groupby("run_id", sort=False)]


def _of_rows(run_id: Hashable, rows: pd.DataFrame) -> Curve:
    epochs = rows["epoch"].to_numpy(np.int64)
    no_times = np.full(len(rows), "NaT", "datetime64[us]")
    times = rows["time"].to_numpy("datetime64[us]") if "time" in rows else no_times
    inherited = epochs[rows["inherited"].to_numpy(bool)] if "inherited" in rows else epochs[:0]
    return curve_of(
        run_id,
        epochs,
        rows["step"].to_numpy(np.int64) if "step" in rows else epochs,
        rows["value"].to_numpy(np.float64),
        times,
        int(inherited.max()) + 1 if len(inherited) else 0,
    )
