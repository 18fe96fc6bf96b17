"""What lists say of a checkpoint, and how checkpoints are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import JsonValue, from_json, to_json

FACT: Final = "checkpoints"  # key of the run fact that lists them
LAST, BEST, ORIGIN = "last", "best", "origin"
_NAME: Final = re.compile(r"(last|best|origin)|(epoch)-\d{4,9}|(pause)-\d{1,18}")


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """One checkpoint of a run as lists show it."""

    name: str  # "last", "best", "epoch-0004", "pause-1234", "origin"
    kind: str  # "last" | "best" | "epoch" | "pause" | "origin"
    epochs_done: int  # complete epochs
    batches_done: int  # of the epoch begun, 0 at its start
    steps_done: int  # optimizer updates since the start of the run
    bytes: int  # of the file; several names may share one
    metric: str | None  # the one that the best checkpoint goes by
    value: float | None  # of that metric after the last complete epoch; None when not measured or not finite
    created_at: datetime  # UTC


def kind_of(name: str) -> str:
    """Which kind of checkpoint a name stands for.

    Raises: NotFoundError: It can be no checkpoint's name; so no name leads out of the folder.
    """
    if (match := _NAME.fullmatch(name)) is None:
        raise NotFoundError(
            f"{name!r:.80} is no checkpoint; names are last, best, origin, epoch-0004 (of an epoch, counted "
            "from 0) and pause-1234 (of a step)"
        )
    return next(kind for kind in match.groups() if kind)


def epoch_name(epoch: int) -> str:
    """Name of the checkpoint at the end of an epoch, 0-based."""
    return f"epoch-{epoch:04}"


def pause_name(steps_done: int) -> str:
    """Name of the checkpoint of a pause."""
    return f"pause-{steps_done}"


def infos_as_fact(infos: Iterable[CheckpointInfo]) -> JsonValue:
    """The list as the run fact "checkpoints" holds it."""
    return [json.loads(to_json(info)) for info in infos]


def infos_of_fact(value: JsonValue) -> list[CheckpointInfo]:
    """The list back from the run fact."""
    return [from_json(CheckpointInfo, json.dumps(entry)) for entry in value or ()]
