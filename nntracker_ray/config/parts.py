"""The smaller objects of the experiment file and the kinds of values in it."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

MAX_RUNS = 100_000  # of one experiment
MAX_COUNT = 1_000_000  # epochs, batch size, patience: beyond is a slip of the finger
MAX_FOLDS = 1000
MAX_SEED = 2**31 - 1

_PLAIN = r"^[^\x00-\x1f\x7f]*$"


def text(most: int) -> Any:
    """Constraint on text: trimmed, 1 to `most` characters, none of them a control character."""
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most, pattern=_PLAIN)


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values in their order, each once."""
    return tuple(dict.fromkeys(values))


def one_hot_given(value: object) -> object:
    """`true` means every text column, `false` none."""
    if isinstance(value, bool):
        return ("*",) if value else ()
    return value


def early_stopping_given(value: object) -> object:
    """`true` means with the defaults, `false` not at all."""
    if isinstance(value, bool):
        return {} if value else None
    return value


Count: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=MAX_COUNT)]
Seed: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Name: TypeAlias = Annotated[str, text(100)]
Tag: TypeAlias = Annotated[str, text(200)]
Label: TypeAlias = Annotated[str, text(200)]  # a column, an array, a metric, a layer pattern
Location: TypeAlias = Annotated[str, text(2000)]


class Part(BaseModel):
    """One object of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FoldsConfig(Part):
    """How the training set is cut into folds; see `nntracker_ray.folds` for the kinds."""

    kind: Literal["k-fold", "stratified", "group", "time-series"] = "k-fold"
    count: Annotated[int, Field(strict=True, ge=2, le=MAX_FOLDS)]
    seed: Seed | None = None  # None: the experiment's seed
    group: Label | None = None  # column or NPZ array, for kind "group"
    include_validation: Flag = False


class ResourcesConfig(Part):
    """What one run needs of a machine."""

    cpu: Annotated[Number, Field(gt=0, le=1024)] = 1.0
    gpu: Annotated[Number, Field(ge=0, le=64)] = 0.0

    @field_validator("gpu")
    @classmethod
    def _whole_above_one(cls, gpu: float) -> float:
        if gpu > 1 and gpu != math.floor(gpu):
            raise ValueError(
                f"a share of one GPU or whole GPUs are possible; came {gpu}. Try {math.ceil(gpu)}"
            )
        return gpu


class CaptureConfig(Part):
    """What is stored of the inside of the network at each due epoch."""

    weights: Flag = True
    gradients: Flag = False
    activations: Flag = False
    updates: Flag = False
    layers: Annotated[tuple[Label, ...], Field(min_length=1)] = ("*",)

    @field_validator("gradients", "activations", "updates")
    @classmethod
    def _not_yet(cls, wanted: bool) -> bool:
        if wanted:
            raise ValueError("this version captures weights only; leave it out or set it to false")
        return wanted


class EarlyStoppingConfig(Part):
    """Stop when a metric no longer improves."""

    monitor: Label = "val_loss"
    patience: Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)] = 5  # epochs
    min_delta: Annotated[Number, Field(ge=0)] = 0.0
    mode: Literal["auto", "min", "max"] = "auto"
    restore_best: Flag = False
