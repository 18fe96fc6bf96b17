"""What is asked of a fork, where it begins, and what it is called. Pure; `forked_spec` makes its specification."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from nntracker_ray.config.changes import ForkChanges, checked_changes, read_changes
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError, did_you_mean
from nntracker_ray.records import JsonValue

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog

LAST: Final = "last"  # the newest checkpoint: what a fork begins from unless another is named
_ARGUMENTS: Final = ("checkpoint", "changes", "name")


class Kind(StrEnum):
    """What a new run is to its parent."""

    FORK = "fork"  # goes on from a checkpoint of the parent
    RERUN = "rerun"  # the same specification and seed once more, from the beginning


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a fork goes on: a checkpoint of its parent."""

    checkpoint: str  # "last", "best", "epoch-0004"
    epochs_done: int  # complete epochs
    batches_done: int  # of the epoch begun; 0 between epochs
    steps_done: int  # optimizer updates


def chosen_checkpoint(infos: Sequence[Mapping[str, JsonValue]], wanted: str | int) -> Beginning:
    """The kept checkpoint that is meant.

    Args:
        infos: What the parent keeps: name, epochs_done, batches_done, steps_done of each.
        wanted: A name ("last", "best", "epoch-0004", with or without ".ckpt"), or the 0-based epoch just completed.
    Raises:
        ConflictError: The parent keeps none.
        NotFoundError: None of this name or epoch; the message lists those that there are.
    """
    if not infos:
        raise ConflictError("it has no checkpoint to fork from yet; there is one after its first epochs")
    by_name = {_bare(str(info["name"])): info for info in infos}
    name = _bare(str(wanted))
    found = by_name.get(name) or (_of_epoch(infos, int(name)) if name.isdecimal() else None)
    if found is None:
        hint = did_you_mean(name, by_name)
        raise NotFoundError(f"it has no checkpoint {name!r}; kept: {', '.join(by_name)}. {hint}".rstrip())
    place = (int(found[key]) for key in ("epochs_done", "batches_done", "steps_done"))
    return Beginning(_bare(str(found["name"])), *place)


def _bare(name: str) -> str:
    return name.strip().removesuffix(".ckpt")


def _of_epoch(infos: Sequence[Mapping[str, JsonValue]], epoch: int) -> Mapping[str, JsonValue] | None:
    # Those of a kind that is never replaced come first: "last" may be another one tomorrow.
    lasting = sorted(infos, key=lambda info: info.get("kind") in ("last", "best"))
    return next((i for i in lasting if (i["epochs_done"], i["batches_done"]) == (epoch + 1, 0)), None)


# --- what came ------------------------------------------------------------------------------------------------


def read_arguments(arguments: Mapping[str, JsonValue], *, catalog: Catalog) -> dict[str, JsonValue]:
    """The arguments of a fork, checked and in one form: {"checkpoint": "last", "changes": {...}}.

    Args:
        arguments: checkpoint (name or 0-based epoch), changes (see `ForkChanges`), name; all may be left out.
    Raises: BadInputError: Unknown arguments, or a problem in the changes.
    """
    checkpoint, changes = _taken_apart(arguments)
    return {"checkpoint": checkpoint, "changes": read_changes(changes, catalog=catalog).canonical()}


def checked_arguments(arguments: Mapping[str, JsonValue]) -> tuple[str, ForkChanges]:
    """Checkpoint and changes back from `read_arguments`. Raises: BadInputError: They are not."""
    checkpoint, changes = _taken_apart(arguments)
    return checkpoint, checked_changes(changes)


def _taken_apart(arguments: Mapping[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
    for key in arguments.keys() - set(_ARGUMENTS):
        hint = did_you_mean(key, _ARGUMENTS) or f"Known: {', '.join(_ARGUMENTS)}."
        raise BadInputError(f"a fork has no argument {key!r}. {hint}")
    checkpoint, changes = arguments.get("checkpoint"), arguments.get("changes") or {}
    checkpoint = LAST if checkpoint is None else checkpoint
    if isinstance(checkpoint, bool) or not isinstance(checkpoint, str | int):
        raise BadInputError(f"checkpoint must be a name or an epoch from 0; came {checkpoint!r}")
    if not isinstance(changes, dict):
        raise BadInputError(f"changes must be an object such as {{'learning_rate': 0.01}}; came {changes!r}")
    name = {} if arguments.get("name") is None else {"name": arguments["name"]}
    return str(checkpoint), {**changes, **name}


# --- identity ------------------------------------------------------------------------------------------------


def child_name(parent_name: str, kind: Kind, number: int) -> str:
    """The name of a parent's 1st, 2nd, ... fork or rerun: "Digits (LR1) fork 2"."""
    return f"{parent_name} {kind} {number}"


def child_number(parent_name: str, kind: Kind, taken: Sequence[str]) -> int:
    """The first number behind those that names like these already have."""
    stem = child_name(parent_name, kind, 0)[:-1]
    numbers = [name.removeprefix(stem) for name in taken if name.startswith(stem)]
    return 1 + max((int(number) for number in numbers if number.isdecimal()), default=0)


def child_id(parent: UUID, kind: Kind, content: JsonValue, number: int) -> UUID:
    """Equal exactly for the same parent, kind, checkpoint and changes, and number among them.

    Args:
        content: Checkpoint and changes of a fork, as JSON values.
    """
    return uuid5(parent, json.dumps([kind, content, number], sort_keys=True, ensure_ascii=False))
