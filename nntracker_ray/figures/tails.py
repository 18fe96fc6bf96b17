"""What is new at the end of a line that is drawn already, at the cost of what is new."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nntracker_ray.figures.series import Series

Points = dict[str, list[float]]


@dataclass
class Tail:
    """The end of one drawn line."""

    last: float  # place of the last point
    weight: float  # of the smoothing; 0: none
    log: bool  # whether what is not above 0 cannot be drawn
    smooth: float = 0.0  # the average so far, not yet corrected for its beginning
    count: int = 0  # values in it

    @classmethod
    def of(cls, series: Series, *, weight: float, log: bool) -> Tail:
        """The end of a line, all of whose points are known."""
        tail = cls(float("-inf"), weight, log)
        inherited = series.inherited_values[:-1] if len(series.inherited_values) else series.inherited_values
        for value in (*inherited.tolist(), *series.values.tolist()):
            tail._average(value)
        if len(series.epochs):
            tail.last = float(series.epochs[-1])
        return tail

    def take(self, places: Sequence[float], values: Sequence[float]) -> tuple[Points, Points, Points]:
        """Points of the line, of the smooth line (empty without smoothing), and of what cannot be drawn.

        Args:
            places: Ascending, behind `last`.
            values: Of each, in the metric's own unit.
        """
        line: Points = {"epoch": list(places), "value": [self._drawn(value) for value in values]}
        calm: Points = {"epoch": [], "value": []}
        if self.weight:
            calm = {"epoch": list(places), "value": [self._average(value) for value in line["value"]]}
        lost = [place for place, value in enumerate(line["value"]) if math.isnan(value)]
        marks: Points = {"epoch": [places[at] for at in lost], "value": [values[at] for at in lost]}
        self.last = places[-1]
        return line, calm, marks

    def _drawn(self, value: float) -> float:
        return value if math.isfinite(value) and (value > 0 or not self.log) else math.nan

    def _average(self, value: float) -> float:
        if not self.weight or math.isnan(value):
            return math.nan
        self.smooth = self.smooth * self.weight + (1.0 - self.weight) * value
        self.count += 1
        return self.smooth / (1.0 - self.weight**self.count)
