"""What a fork may change of its parent: the same keys, types and checks as in the experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, ValidationError
from pydantic.functional_validators import AfterValidator

from nntracker_ray.config.checks import check_together
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.introspection import KEY as INTROSPECTION
from nntracker_ray.config.introspection import Look, read_introspection
from nntracker_ray.config.names import resolve_names
from nntracker_ray.config.parts import (
    MAX_COUNT,
    CaptureConfig,
    Count,
    EarlyStoppingConfig,
    Name,
    Number,
    Part,
    Seed,
    Tag,
    early_stopping_given,
    unique,
)
from nntracker_ray.config.problems import Problems, from_pydantic, join, shown
from nntracker_ray.config.schedule import KEY as SCHEDULE
from nntracker_ray.config.schedule import ScheduleConfig, read_schedule
from nntracker_ray.config.spelling import Spelled
from nntracker_ray.errors import ConfigError
from nntracker_ray.records import JsonValue, NamedConf

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog

SOURCE = "changes"
_SINGLE = {"optimizer", "loss_function"}
# key of a change -> list of the experiment file that it is an entry of
_NAMED = {"optimizer": "optimizers", "loss_function": "loss_functions", "extra_metrics": "extra_metrics"}

_LISTED = {**_NAMED, "learning_rate": "learning_rates"}
_STAND_INS = {
    "name": "x",
    "dataset_train": "x",
    "dataset_val": "x",
    "total_epochs": MAX_COUNT,
    "loss_functions": (NamedConf("MeanSquaredError"),),
}


class ForkChanges(Part):
    """The values that differ from the parent's; those not given stay. `given` tells null from absent."""

    learning_rate: Annotated[Number, Field(gt=0)] | None = None  # null: the optimizer's own
    optimizer: NamedConf = NamedConf("")
    loss_function: NamedConf = NamedConf("")
    batch_size: Count = 1
    total_epochs: Count = 1  # the inherited ones counted in
    epoch_period: Count = 1
    early_stopping: Annotated[EarlyStoppingConfig | None, BeforeValidator(early_stopping_given)] = None
    learning_rate_schedule: ScheduleConfig | None = None
    extra_metrics: tuple[NamedConf, ...] = ()
    capture: CaptureConfig = CaptureConfig()
    introspection: tuple[Look, ...] = ()  # all that is looked at, nothing of the parent's beside it
    tags: Annotated[tuple[Tag, ...], AfterValidator(unique)] = ()
    seed: Seed = 0
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = 0
    name: Name = "x"

    @property
    def given(self) -> frozenset[str]:
        """The keys that came."""
        return frozenset(self.model_fields_set)

    def canonical(self) -> dict[str, JsonValue]:
        """The given values as JSON, the same however they were written; `checked_changes` reads them back."""
        values: dict[str, JsonValue] = self.model_dump(mode="json", exclude_unset=True)
        return values


def read_changes(changes: Mapping[str, JsonValue], *, catalog: Catalog) -> ForkChanges:
    """Check what a person asks a fork to change.

    Raises: ConfigError: Every problem found, each with its key.
    """
    problems = Problems()
    tree = _known(changes, problems)
    _resolve(tree, catalog, problems)
    if tree.get(SCHEDULE) is not None:
        tree[SCHEDULE] = read_schedule(tree[SCHEDULE], SCHEDULE, problems)
    if INTROSPECTION in tree:
        wanted = [] if tree[INTROSPECTION] is None else tree[INTROSPECTION]
        tree[INTROSPECTION] = read_introspection(wanted, INTROSPECTION, problems)
    made = _validated(tree, problems)
    _check_together(made, problems)
    return _sound(made, problems)


def checked_changes(canonical: Mapping[str, JsonValue]) -> ForkChanges:
    """The changes back from `ForkChanges.canonical`. Raises: ConfigError: They are not."""
    problems = Problems()
    return _validated(_known(canonical, problems), problems)


def _known(changes: Mapping[str, JsonValue], problems: Problems) -> dict[str, JsonValue]:
    known = {key.replace("-", "_"): value for key, value in changes.items()}
    for key in known.keys() - ForkChanges.model_fields.keys():
        problems.add_unknown_key(key, key, ForkChanges.model_fields)
        del known[key]
    return known


def _resolve(tree: dict[str, JsonValue], catalog: Catalog, problems: Problems) -> None:
    """Replace names of Keras objects by `NamedConf`, in Keras' own spelling."""
    for key in _SINGLE & tree.keys():
        if isinstance(tree[key], list):
            problems.add(key, f"must be one, not a list; came {shown(tree[key])}")
    named = {key: tree[key] for key in _NAMED if tree.get(key) is not None and not problems.touch(key)}
    lists = {_NAMED[key]: value for key, value in named.items()}
    resolve_names(Spelled(lists, {of: key for key, of in _NAMED.items()}), catalog, problems)
    for key in named:
        if not problems.touch(key):
            found = lists[_NAMED[key]]
            tree[key] = found[0] if key in _SINGLE and isinstance(found, list) else found


def _validated(tree: Mapping[str, JsonValue], problems: Problems) -> ForkChanges:
    try:
        return _sound(ForkChanges.model_validate(tree), problems)
    except ValidationError as error:
        for part in error.errors():
            _add(*from_pydantic(part), problems)
    raise ConfigError(problems.found, SOURCE)


def _sound(changes: ForkChanges, problems: Problems) -> ForkChanges:
    if problems.found:
        raise ConfigError(problems.found, SOURCE)
    return changes


def _check_together(changes: ForkChanges, problems: Problems) -> None:
    """The experiment file's rules between these keys."""
    lists = {of: getattr(changes, key) for key, of in _LISTED.items() if key in changes.given}
    values = {of: value if isinstance(value, tuple) else (value,) for of, value in lists.items()}
    config = ExperimentConfig.model_validate({**_STAND_INS, **values})
    check_together(config, Spelled({}, {of: key for key, of in _LISTED.items()}), frozenset(), problems)


def _add(place: tuple[str | int, ...], message: str, problems: Problems) -> None:
    path = reduce(join, place, "")
    if not problems.touch(path):
        problems.add(path, message)
