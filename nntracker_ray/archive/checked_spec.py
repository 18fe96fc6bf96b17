"""A run's specification from an archive, held to the rules of an experiment file: it may be run again one day."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nntracker_ray.archive.checked_zip import first_problem
from nntracker_ray.config.changes import read_changes
from nntracker_ray.config.checkpoints import CheckpointsConfig
from nntracker_ray.config.parts import MAX_COUNT, MAX_FOLDS, MAX_SEED, ResourcesConfig
from nntracker_ray.config.schedule import schedule_from
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import NamedConf, RunSpec, from_json

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHECKPOINT: Final = re.compile(r"[a-z]+(-\d{1,18})?")


class _Rest(BaseModel):
    """What the keys of a fork do not cover."""

    model_config = ConfigDict(strict=True)

    kind: str = Field(pattern="^(k-fold|stratified|group|time-series|hold-out|none)$")
    count: int = Field(ge=1, le=MAX_FOLDS)
    split_seed: int = Field(ge=0, le=MAX_SEED)
    validation_share: float = Field(gt=0, lt=1)
    position: int = Field(ge=0, lt=2**31)
    configuration_index: int = Field(ge=0, lt=2**31)
    repeat: int = Field(ge=0, lt=2**31)
    scaling: str = Field(pattern="^(none|standard|minmax)$")
    checkpoint_period: int = Field(ge=1, le=MAX_COUNT)
    name: str = Field(min_length=1, max_length=1000)
    names: list[str | None]


def checked_spec(text: bytes, *, where: str, catalog: Catalog) -> RunSpec:
    """The specification.

    Args:
        where: What to call it in messages.
    Raises: BadInputError: It is none, or asks for what no experiment file may.
    """
    try:
        spec = from_json(RunSpec, text)
        _check(spec, catalog)
    except ValidationError as error:
        raise BadInputError(f"{where}: {first_problem(error)}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{where} is no specification of a run: {error!r:.200}") from error
    except BadInputError as error:
        raise BadInputError(f"{where}: {error}") from error
    return spec


def _check(spec: RunSpec, catalog: Catalog) -> None:
    read_changes(_as_changes(spec), catalog=catalog)
    ResourcesConfig.model_validate(asdict(spec.resources))
    CheckpointsConfig.model_validate(_in_megabytes(spec))
    if spec.schedule is not None:
        schedule_from({"kind": spec.schedule.kind, **spec.schedule.conf})
    _Rest.model_validate(_rest(spec))
    digests = [spec.model_digest, *(ref.digest for ref in (spec.train, spec.validation, spec.test) if ref)]
    if wrong := [one for one in digests if not _DIGEST.fullmatch(one)]:
        raise BadInputError(f"{wrong[0][:80]!r} is no digest (64 hexadecimal digits)")
    if spec.origin is not None and not _CHECKPOINT.fullmatch(spec.origin.checkpoint):
        raise BadInputError(f"{spec.origin.checkpoint[:80]!r} is no checkpoint's name")


def _as_changes(spec: RunSpec) -> dict[str, Any]:
    one, stopping = spec.configuration, spec.early_stopping
    changes: dict[str, Any] = {
        "optimizer": _named(one.optimizer, "optimizer"),
        "loss_function": _named(one.loss_function, "loss_function"),
        "extra_metrics": [_named(metric, "metric") for metric in spec.extra_metrics],
        "batch_size": spec.batch_size,
        "total_epochs": spec.total_epochs,
        "epoch_period": spec.capture.epoch_period,
        "capture": {"weights": spec.capture.weights, "layers": spec.capture.layers},
        "early_stopping": None if stopping is None else asdict(stopping),
        "tags": spec.tags,
        "seed": spec.seed,
        "priority": spec.priority,
    }
    return changes if one.learning_rate is None else {**changes, "learning_rate": one.learning_rate}


def _named(entry: NamedConf, word: str) -> dict[str, Any]:
    return {word: entry.name, "conf": dict(entry.conf)}


def _in_megabytes(spec: RunSpec) -> dict[str, Any]:
    """What checkpoints are kept, in the words of the file."""
    values = asdict(spec.checkpoints)
    most = values.pop("max_bytes")
    return {**values, "max_mb": None if most is None else most / 1e6}


def _rest(spec: RunSpec) -> dict[str, Any]:
    refs = [ref for ref in (spec.train, spec.validation, spec.test) if ref]
    named = [name for ref in refs for name in (ref.name, ref.feature_name, ref.label_name, ref.label_column)]
    values = {"kind": spec.split.kind, "count": spec.split.count, "split_seed": spec.split.seed}
    return {
        **values,
        "validation_share": spec.split.validation_share,
        "position": spec.position,
        "configuration_index": spec.configuration_index,
        "repeat": spec.repeat,
        "scaling": spec.scaling,
        "checkpoint_period": spec.checkpoint_period,
        "name": spec.name,
        "names": [*named, spec.split.group, *spec.one_hot],
    }
