"""The key `learning_rate_schedule`: its kinds, their arguments, and what a run's record says of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, ValidationError, field_validator, model_validator

from nntracker_ray.config.parts import MAX_COUNT, Count, Label, Number, Part, text
from nntracker_ray.config.problems import Problems, from_pydantic, join, shown
from nntracker_ray.errors import did_you_mean
from nntracker_ray.expressions import LONGEST, mistakes_in, names_in
from nntracker_ray.records import JsonValue, LearningRateSchedule

KEY: Final = "learning_rate_schedule"
POLICY_NAMES: Final = ("epoch", "initial", "rate")

_Positive: TypeAlias = Annotated[Number, Field(gt=0)]
_NotNegative: TypeAlias = Annotated[Number, Field(ge=0)]
_CountFromZero: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]


class ConstantSchedule(Part):
    """The learning rate stays as it is: to compare others with."""

    kind: Literal["constant"]


class StepSchedule(Part):
    """Times `factor` every so many epochs."""

    kind: Literal["step"]
    factor: _Positive = 0.1
    every: Count  # epochs


class ExponentialSchedule(Part):
    """Times `rate` every epoch."""

    kind: Literal["exponential"]
    rate: _Positive


class CosineSchedule(Part):
    """Rises for `warmup` epochs, then falls along half a cosine to `floor` at epoch `epochs`."""

    kind: Literal["cosine"]
    epochs: Count | None = None  # None: all of the run
    floor: _NotNegative = 0.0  # a learning rate
    warmup: _CountFromZero = 0  # epochs

    @model_validator(mode="after")
    def _warm_before_the_end(self) -> CosineSchedule:
        if self.epochs is not None and self.warmup >= self.epochs:
            raise ValueError(f"warmup must be less than epochs ({self.epochs}); came {self.warmup}")
        return self


class PlateauSchedule(Part):
    """Times `factor` when a metric has not improved; arguments and meaning of keras.callbacks.ReduceLROnPlateau."""

    kind: Literal["plateau"]
    monitor: Label | None = None  # None: val_loss, or loss where there is no validation
    factor: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    patience: _CountFromZero = 10  # epochs
    min_delta: _NotNegative = 1e-4  # in the metric's own unit
    mode: Literal["auto", "min", "max"] = "auto"
    cooldown: _CountFromZero = 0  # epochs after a change in which nothing is counted
    min_lr: _NotNegative = 0.0


class PolicySchedule(Part):
    """What a formula gives at the beginning of every epoch."""

    kind: Literal["policy"]
    expression: Annotated[str, text(LONGEST)]

    @field_validator("expression")
    @classmethod
    def _is_a_formula(cls, expression: str) -> str:
        if mistakes := mistakes_in(expression):
            raise ValueError("; ".join(map(str, mistakes)))
        return expression


ScheduleConfig: TypeAlias = (
    ConstantSchedule | StepSchedule | ExponentialSchedule | CosineSchedule | PlateauSchedule | PolicySchedule
)
_KINDS: Final[dict[str, type[ScheduleConfig]]] = {
    "constant": ConstantSchedule,
    "step": StepSchedule,
    "exponential": ExponentialSchedule,
    "cosine": CosineSchedule,
    "plateau": PlateauSchedule,
    "policy": PolicySchedule,
}


def read_schedule(value: JsonValue, path: str, problems: Problems) -> ScheduleConfig | None:
    """A schedule from its form in the file: an object with a `kind`, or the kind alone; None with a problem noted."""
    given = {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        example = '{"kind": "step", "factor": 0.5, "every": 10}'
        problems.add(path, f"must be the name of a kind or an object such as {example}; came {shown(value)}")
        return None
    kind = _KINDS.get(given["kind"]) if isinstance(given.get("kind"), str) else None
    if kind is None:
        problems.add(join(path, "kind"), _no_kind(given.get("kind")))
        return None
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        _add(error, kind, path, problems)
    return None


def schedule_from(value: JsonValue) -> ScheduleConfig:
    """The schedule back from `schedule_as_file`. Raises: pydantic.ValidationError: It is not one."""
    return _KINDS[value["kind"]].model_validate(value)


def schedule_as_file(schedule: ScheduleConfig) -> dict[str, JsonValue]:
    """The schedule as the file says it, defaults left out: the same however it was written."""
    values: dict[str, JsonValue] = schedule.model_dump(mode="json", exclude_defaults=True)
    return values


def schedule_record(
    schedule: ScheduleConfig, *, total_epochs: int, has_validation: bool
) -> LearningRateSchedule:
    """What a run's specification says: every argument spelled out."""
    conf: dict[str, Any] = schedule.model_dump(mode="json", exclude={"kind"})
    if isinstance(schedule, CosineSchedule):
        conf["epochs"] = schedule.epochs or total_epochs
    if isinstance(schedule, PlateauSchedule):
        conf["monitor"] = schedule.monitor or ("val_loss" if has_validation else "loss")
    return LearningRateSchedule(schedule.kind, conf)


def complaints_about_metrics(
    schedule: ScheduleConfig, *, measured: tuple[str, ...], has_validation: bool
) -> Iterator[tuple[str, str]]:
    """What a schedule wants to know and nobody measures: argument and message.

    Args:
        measured: Metrics of the training by name, without their `val_` twins.
    """
    if isinstance(schedule, PlateauSchedule) and schedule.monitor:
        yield from (("monitor", why) for why in unmeasured(schedule.monitor, measured, has_validation))
    if isinstance(schedule, PolicySchedule):
        for name, column in names_in(schedule.expression).items():
            if name not in POLICY_NAMES:
                for why in unmeasured(name, (*POLICY_NAMES, *measured), has_validation):
                    yield "expression", f"column {column}: {why}"


def unmeasured(name: str, measured: tuple[str, ...], has_validation: bool) -> Iterator[str]:
    """Why nothing of this name is measured, if so; `measured` is without the `val_` twins."""
    known = [*measured, *(f"val_{one}" for one in measured if one not in POLICY_NAMES)]
    if name not in known:
        yield f"unknown name '{name}'; {did_you_mean(name, known) or 'known: ' + ', '.join(known)}"
    elif name.startswith("val_") and name not in measured and not has_validation:
        yield f"'{name}' needs validation data; validation_split is 0"


def _no_kind(kind: JsonValue) -> str:
    hint = f". {did_you_mean(kind, _KINDS)}" if isinstance(kind, str) and did_you_mean(kind, _KINDS) else ""
    return f"must be one of {', '.join(_KINDS)}; came {shown(kind)}{hint}"


def _add(error: ValidationError, kind: type[ScheduleConfig], path: str, problems: Problems) -> None:
    for part in error.errors():
        place = reduce(join, part["loc"], path)
        if part["type"] == "extra_forbidden":
            problems.add_unknown_key(place, str(part["loc"][-1]), kind.model_fields, _name(kind))
        elif not part["loc"]:
            problems.add(path, str(part.get("ctx", {}).get("error", part["msg"])))
        else:
            problems.add(place, from_pydantic(part)[1])


def _name(kind: type[ScheduleConfig]) -> str:
    return next(name for name, known in _KINDS.items() if known is kind)
