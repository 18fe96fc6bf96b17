"""The specification of a fork or rerun, from its parent's and what is to differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from nntracker_ray.config.changes import ForkChanges
from nntracker_ray.config.introspection import complaints_about_looks, observed_by
from nntracker_ray.config.schedule import complaints_about_metrics, schedule_record, unmeasured
from nntracker_ray.errors import ConflictError
from nntracker_ray.forking import Beginning
from nntracker_ray.models.catalog import metric_name
from nntracker_ray.records import (
    CaptureSpec,
    Configuration,
    EarlyStopping,
    JsonValue,
    Origin,
    RunSpec,
)

OWN_ORIGIN: Final = "origin"  # name of a fork's own beginning in its folder
# Within an epoch the order of the rows and the running means are those of the parent.
_WHOLE_EPOCH_KEYS: Final = ("batch_size", "seed", "loss_function", "extra_metrics")
_PLAIN_KEYS: Final = ("batch_size", "total_epochs", "extra_metrics", "tags", "seed", "priority")


def forked(parent: RunSpec, changes: ForkChanges, beginning: Beginning) -> RunSpec:
    """The parent's specification with the changes, going on from the checkpoint; id, name and index still the parent's.

    Raises: ConflictError: The checkpoint does not allow these changes, or leaves no epoch to make.
    """
    origin = Origin(parent.run_id, beginning.checkpoint)
    spec = replace(parent, origin=origin, **_changed_fields(parent, changes))
    require_epochs_left(spec, beginning)
    _require_whole_epochs(parent, spec, changes, beginning)
    _require_measured(spec, changes)
    _require_visible(spec, changes)
    return spec


def rerun(parent: RunSpec) -> RunSpec:
    """The parent's specification once more; a rerun of a fork begins where the fork began."""
    return parent if parent.origin is None else replace(parent, origin=Origin(parent.run_id, OWN_ORIGIN))


def comparable(spec: RunSpec) -> RunSpec:
    """Equal for forks (or reruns) that are the same but for fold and repeat: their means belong together."""
    nobody = UUID(int=0)
    origin = spec.origin and replace(spec.origin, run_id=nobody, run_no=None)
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


def require_epochs_left(spec: RunSpec, beginning: Beginning) -> None:
    """Raises: ConflictError: A fork that begins there has nothing to train."""
    if spec.total_epochs <= beginning.epochs_done:
        raise ConflictError(
            f"checkpoint {beginning.checkpoint!r} has {beginning.epochs_done} epochs, and total_epochs is "
            f"{spec.total_epochs}: nothing is left to train. Give a greater total_epochs or an earlier checkpoint"
        )


def _changed_fields(parent: RunSpec, changes: ForkChanges) -> dict[str, Any]:
    fields: dict[str, Any] = {key: getattr(changes, key) for key in _PLAIN_KEYS if key in changes.given}
    fields["configuration"] = _changed_configuration(parent.configuration, changes)
    fields["capture"] = _changed_capture(parent.capture, changes)
    if "introspection" in changes.given:
        fields["introspection"] = observed_by(changes.introspection, has_test=parent.test is not None)
    if "early_stopping" in changes.given:
        wanted = changes.early_stopping
        fields["early_stopping"] = EarlyStopping(**wanted.model_dump()) if wanted else None
    if "learning_rate_schedule" in changes.given:
        epochs = fields.get("total_epochs", parent.total_epochs)
        fields["schedule"] = changes.learning_rate_schedule and schedule_record(
            changes.learning_rate_schedule, total_epochs=epochs, has_validation=_has_validation(parent)
        )
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
    values = changes.canonical()
    return {key: values.get(key, value) for key, value in kept.items()}


def _replaced(changes: ForkChanges) -> frozenset[str]:
    return changes.given & {"optimizer", "loss_function"}


def _changed_capture(parent: CaptureSpec, changes: ForkChanges) -> CaptureSpec:
    period = changes.epoch_period if "epoch_period" in changes.given else parent.epoch_period
    if "capture" not in changes.given:
        return replace(parent, epoch_period=period)
    return CaptureSpec(period, changes.capture.weights, changes.capture.layers)


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


def _require_measured(spec: RunSpec, changes: ForkChanges) -> None:
    """What early stopping and schedule watch must be measured by this very run."""
    measured = ("loss", "accuracy", *(metric_name(metric) for metric in spec.extra_metrics))
    complaints: list[str] = []
    if changes.given & {"early_stopping", "extra_metrics"} and spec.early_stopping:
        whys = unmeasured(spec.early_stopping.monitor, measured, _has_validation(spec))
        complaints += [f"early_stopping, monitor: {why}" for why in whys]
    if changes.learning_rate_schedule:
        complaints += [
            f"learning_rate_schedule, {argument}: {why}"
            for argument, why in complaints_about_metrics(
                changes.learning_rate_schedule, measured=measured, has_validation=_has_validation(spec)
            )
        ]
    if complaints:
        raise ConflictError("; ".join(complaints))


def _require_visible(spec: RunSpec, changes: ForkChanges) -> None:
    """What is to be looked at must be there."""
    complaints = complaints_about_looks(changes.introspection, has_test=spec.test is not None)
    if told := "; ".join(f"introspection[{index}]: {why}" for index, why in complaints):
        raise ConflictError(told)


def _has_validation(spec: RunSpec) -> bool:
    return spec.validation is not None or spec.split.kind != "none"


def _value(spec: RunSpec, key: str) -> object:
    return spec.configuration.loss_function if key == "loss_function" else getattr(spec, key)
