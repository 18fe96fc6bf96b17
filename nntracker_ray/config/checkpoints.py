"""The key `checkpoints`: which of them are kept beside the last one, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from nntracker_ray.config.parts import Count, Flag, Label, Location, Number, Part
from nntracker_ray.config.schedule import unmeasured
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import CheckpointPolicy
from nntracker_ray.remote import RemoteFolder


class CheckpointsConfig(Part):
    """Which checkpoints a run keeps. The last one is always there; `checkpoint_period` says how often."""

    every: Count | None = None  # epochs; None: none but the best and the last
    keep: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 3  # of these, and of pauses: the newest
    best: Label | None = None  # metric; None: val_loss, or loss where there is no validation
    mode: Literal["auto", "min", "max"] = "auto"
    at_pause: Flag = True
    # Megabytes of all that is kept of one run but the last.
    max_mb: Annotated[Number, Field(gt=0, le=1e9)] | None = None
    location: Location | None = None  # a URI that pyarrow knows, or an absolute path

    @field_validator("location")
    @classmethod
    def _reachable_by_name_alone(cls, location: str | None) -> str | None:
        if location is None:
            return None
        try:
            RemoteFolder(location)
            secret = urlsplit(location).password
        except (BadInputError, ValueError) as error:
            raise ValueError(str(error)) from error
        if secret is not None:
            raise ValueError(
                "holds a password, which everybody would see; give it by the provider's own means"
            )
        return location

    @property
    def policy(self) -> CheckpointPolicy:
        """The same as every run carries it."""
        values = self.model_dump(exclude={"max_mb"})
        return CheckpointPolicy(**values, max_bytes=None if self.max_mb is None else round(self.max_mb * 1e6))


def complaints_about_best(
    checkpoints: CheckpointsConfig, *, measured: tuple[str, ...], has_validation: bool
) -> Iterator[str]:
    """Why the metric of the best checkpoint can be none.

    Args:
        measured: Metrics of the training by name, without their `val_` twins.
    """
    if checkpoints.best is not None:
        yield from unmeasured(checkpoints.best, measured, has_validation)
