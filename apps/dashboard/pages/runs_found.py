"""One page of the list of runs, as fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from apps.dashboard.pages.runs_drawn import DrawnRows
from apps.dashboard.runs_place import PAGE_SIZE, RunsPlace
from nntracker_ray.records import RunRow


@dataclass(frozen=True, slots=True)
class FoldMean:
    """The spread of one configuration's last values over its folds and repeats."""

    name: str
    runs: int
    metric: str
    mean: float
    std: float  # of a sample; NaN for one run


@dataclass(frozen=True, slots=True)
class RunsPage:
    """One page of the list, as fetched."""

    rows: tuple[RunRow, ...]
    total: int  # runs that match in all
    place: RunsPlace
    now: datetime
    viewer_name: str = ""  # whose own runs need no owner beside them
    may_act: bool = True
    selected: frozenset[UUID] = frozenset()
    folds: Mapping[UUID, Sequence[FoldMean]] = field(default_factory=dict)  # by experiment
    tags: tuple[str, ...] = ()  # that there are
    drawn: DrawnRows = field(default_factory=DrawnRows, compare=False)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))
