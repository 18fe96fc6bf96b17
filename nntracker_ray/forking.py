"""Forks and reruns: a parent's specification and what is to differ -> the specification of a new run. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from nntracker_ray.config.changes import ForkChanges, checked_changes, read_changes
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError, did_you_mean
from nntracker_ray.records import (
    CaptureSpec,
    Configuration,
    EarlyStopping,
    JsonValue,
    Origin,
    RunSpec,
)

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog

LAST: Final = "last"  # the newest checkpoint: what a fork begins from unless another is named
OWN_ORIGIN: Final = "origin"  # name of a fork's own beginning in its folder
_ARGUMENTS: Final = ("checkpoint", "changes", "name")
# Within an epoch the order of the rows and the running means are those of the parent.
_WHOLE_EPOCH_KEYS: Final = ("batch_size", "seed", "loss_function", "extra_metrics")
_PLAIN_KEYS: Final = ("batch_size", "total_epochs", "extra_metrics", "tags", "seed", "priority")


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


# --- specifications ------------------------------------------------------------------------------------------


def forked(parent: RunSpec, changes: ForkChanges, beginning: Beginning) -> RunSpec:
    """The parent's specification with the changes, going on from the checkpoint; id, name and index still the parent's.

    Raises: ConflictError: The checkpoint does not allow these changes, or leaves no epoch to make.
    """
    origin = Origin(parent.run_id, beginning.checkpoint)
    spec = replace(parent, origin=origin, **_changed_fields(parent, changes))
    _require_epochs_left(spec, beginning)
    _require_whole_epochs(parent, spec, changes, beginning)
    _require_validation(spec)
    return spec


def rerun(parent: RunSpec) -> RunSpec:
    """The parent's specification once more; a rerun of a fork begins where the fork began."""
    return parent if parent.origin is None else replace(parent, origin=Origin(parent.run_id, OWN_ORIGIN))


def comparable(spec: RunSpec) -> RunSpec:
    """Equal for forks (or reruns) that are the same but for fold and repeat: their means belong together."""
    nobody = UUID(int=0)
    origin = spec.origin and replace(spec.origin, run_id=nobody)
    same: dict[str, Any] = {
        "name": "",
        "position": 0,
        "configuration_index": 0,
        "fold": None,
        "repeat": 0,
        "seed": 0,
        "tags": (),
    }
    return replace(spec, run_id=nobody, origin=origin, **same)


def _changed_fields(parent: RunSpec, changes: ForkChanges) -> dict[str, Any]:
    fields: dict[str, Any] = {key: getattr(changes, key) for key in _PLAIN_KEYS if key in changes.given}
    fields["configuration"] = _changed_configuration(parent.configuration, changes)
    fields["capture"] = _changed_capture(parent.capture, changes)
    if "early_stopping" in changes.given:
        wanted = changes.early_stopping
        fields["early_stopping"] = EarlyStopping(**wanted.model_dump()) if wanted else None
    return fields


def _changed_configuration(parent: Configuration, changes: ForkChanges) -> Configuration:
    optimizer = changes.optimizer if "optimizer" in changes.given else parent.optimizer
    loss = changes.loss_function if "loss_function" in changes.given else parent.loss_function
    rate = parent.learning_rate
    if "learning_rate" in changes.given:
        rate = changes.learning_rate
        optimizer = replace(optimizer, conf={k: v for k, v in optimizer.conf.items() if k != "learning_rate"})
    elif "optimizer" in changes.given and "learning_rate" in optimizer.conf:
        rate = None  # the new optimizer brings its own
    return Configuration(optimizer, loss, rate, _swept(parent.sweep, changes))


def _swept(sweep: Mapping[str, JsonValue], changes: ForkChanges) -> dict[str, JsonValue]:
    """What the grid swept, as it is now: a changed optimizer has none of the parent's swept arguments."""
    kept = {key: value for key, value in sweep.items() if key.partition(".")[0] not in _replaced(changes)}
    return {key: getattr(changes, key) if key in changes.given else value for key, value in kept.items()}


def _replaced(changes: ForkChanges) -> frozenset[str]:
    return changes.given & {"optimizer", "loss_function"}


def _changed_capture(parent: CaptureSpec, changes: ForkChanges) -> CaptureSpec:
    period = changes.epoch_period if "epoch_period" in changes.given else parent.epoch_period
    if "capture" not in changes.given:
        return replace(parent, epoch_period=period)
    return CaptureSpec(period, changes.capture.weights, changes.capture.layers)


def _require_epochs_left(spec: RunSpec, beginning: Beginning) -> None:
    if spec.total_epochs <= beginning.epochs_done:
        raise ConflictError(
            f"checkpoint {beginning.checkpoint!r} has {beginning.epochs_done} epochs, and total_epochs is "
            f"{spec.total_epochs}: nothing is left to train. Give a greater total_epochs or an earlier checkpoint"
        )


def _require_whole_epochs(parent: RunSpec, spec: RunSpec, changes: ForkChanges, beginning: Beginning) -> None:
    if not beginning.batches_done:
        return
    changed = [
        key for key in _WHOLE_EPOCH_KEYS if key in changes.given and _value(parent, key) != _value(spec, key)
    ]
    if changed:
        raise ConflictError(
            f"checkpoint {beginning.checkpoint!r} is in the middle of epoch {beginning.epochs_done}, which goes on "
            f"with the parent's {' and '.join(changed)}; fork from a checkpoint at the end of an epoch to change that"
        )


def _require_validation(spec: RunSpec) -> None:
    monitor = spec.early_stopping.monitor if spec.early_stopping else ""
    if monitor.startswith("val_") and spec.validation is None and spec.split.kind == "none":
        raise ConflictError(
            f"early_stopping watches {monitor!r}, but the run has no validation data; try 'loss'"
        )


def _value(spec: RunSpec, key: str) -> object:
    return spec.configuration.loss_function if key == "loss_function" else getattr(spec, key)


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
