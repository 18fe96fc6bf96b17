"""Which runs a list shows, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError, did_you_mean

METRIC_ORDER = "metric:"  # followed by a metric's name: "metric:val_loss"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Runs must match every part that is given."""

    selection: Selection = field(default_factory=Selection)
    search: str = ""  # part of the run's name, its experiment's name or one of its tags, in whatever case
    owner_id: UUID | None = None
    since: datetime | None = None  # submitted then or later
    until: datetime | None = None  # submitted before


class RunColumn(StrEnum):
    """What a list can be sorted by, beside the last value of any metric."""

    SUBMITTED = "submitted"  # newest experiment first, then the order of the grid
    NUMBER = "number"
    NAME = "name"
    EXPERIMENT = "experiment"
    OWNER = "owner"
    STATE = "state"
    OPTIMIZER = "optimizer"
    LOSS_FUNCTION = "loss_function"
    LEARNING_RATE = "learning_rate"
    FOLD = "fold"
    EPOCHS = "epochs"
    STARTED = "started"
    ENDED = "ended"
    DURATION = "duration"  # from start to end, or to now


@dataclass(frozen=True, slots=True)
class RunOrder:
    """The order of a list. Runs without a value, or with NaN, come last either way; equal ones stand as submitted."""

    column: str = RunColumn.SUBMITTED  # a RunColumn, or "metric:NAME"
    descending: bool = False

    @classmethod
    def read(cls, text: str) -> RunOrder:
        """From what addresses and command lines say: "name", "-metric:val_loss" (the minus: from the greatest down).

        Raises: BadInputError: There is no such column.
        """
        column = text.removeprefix("-")
        if not column.startswith(METRIC_ORDER) and column not in [*RunColumn]:
            known = ", ".join([*RunColumn, f"{METRIC_ORDER}NAME"])
            raise BadInputError(
                f"cannot sort by {column!r:.80}; known: {known}. {did_you_mean(column, [*RunColumn])}".strip()
            )
        return cls(column, text.startswith("-"))

    @property
    def metric(self) -> str | None:
        """The metric to sort by; None for another column."""
        return self.column.removeprefix(METRIC_ORDER) if self.column.startswith(METRIC_ORDER) else None

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else str(self.column)
