"""The sweep over further values: which keys it may hold, and what values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from nntracker_ray.config.names import complaint_about
from nntracker_ray.config.parts import MAX_COUNT
from nntracker_ray.config.problems import Problems, join, shown
from nntracker_ray.config.schedule import KEY as SCHEDULE
from nntracker_ray.config.schedule import read_schedule, schedule_as_file
from nntracker_ray.config.spelling import Spelled
from nntracker_ray.config.values import read_value
from nntracker_ray.records import JsonValue, NamedConf

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog, Signature

COUNT_KEYS = ("batch_size", "total_epochs")
_PREFIXES = {"optimizer": "optimizers", "loss_function": "loss_functions"}
_ALLOWED = "batch_size, total_epochs, learning_rate_schedule, optimizer.<argument>, loss_function.<argument>"
_ELSEWHERE = {
    "optimizer.learning_rate": "use 'learning_rates'",
    "learning_rate": "use 'learning_rates'",
    "learning_rates": "it is swept already",
    "optimizers": "it is swept already",
    "loss_functions": "it is swept already",
    "seed": "use 'repeats' for several seeds",
    "repeats": "it is a number of seeds already",
}


def check_sweep(spelling: Spelled, catalog: Catalog, problems: Problems) -> None:
    """Check every swept key and read its values; call it after the names are resolved."""
    sweep = spelling.tree.get("sweep")
    if not isinstance(sweep, dict):
        return
    checked = {}
    for key, values in sorted(sweep.items()):
        path = join(spelling.path("sweep"), key)
        if not isinstance(values, list) or not values:
            problems.add(path, f"must be a list of one or more values; came {shown(values)}")
            continue
        checked[key] = [read_value(value) for value in values]
        _check_sweep_key(key, checked[key], path, spelling, catalog, problems)
    spelling.tree["sweep"] = checked


def _check_sweep_key(
    key: str, values: list[JsonValue], path: str, spelling: Spelled, catalog: Catalog, problems: Problems
) -> None:
    prefix, _, argument = key.partition(".")
    if key in COUNT_KEYS:
        _check_counts(key, values, path, spelling, problems)
    elif key == SCHEDULE:
        _check_schedules(values, path, spelling, problems)
    elif key not in _ELSEWHERE and prefix in _PREFIXES and argument:
        default = [NamedConf("Adam")] if prefix == "optimizer" else []
        named = spelling.tree.get(_PREFIXES[prefix], default)
        if isinstance(named, list):
            find = catalog.optimizer if prefix == "optimizer" else catalog.loss
            _check_swept_argument(argument, values, path, named, find, problems)
    else:
        problems.add(path, f"cannot be swept{_why_not(key)}; allowed: {_ALLOWED}")


def _why_not(key: str) -> str:
    return f" ({_ELSEWHERE[key]})" if key in _ELSEWHERE else ""


def _check_counts(
    key: str, values: Sequence[JsonValue], path: str, spelling: Spelled, problems: Problems
) -> None:
    """Whole numbers; the key itself must not come as well, as it would mean nothing."""
    if key in spelling.tree:
        problems.add(path, f"'{key}' came as one value too; keep the value or the sweep")
    for index, value in enumerate(values):
        if not _is_count(value):
            message = f"must be a whole number from 1 to {MAX_COUNT:,}; came {shown(value)}"
            problems.add(join(path, index), message)
    spelling.tree[key] = max(filter(_is_count, values), default=1)


def _check_schedules(values: list[JsonValue], path: str, spelling: Spelled, problems: Problems) -> None:
    """Every schedule in its canonical form, so that one that came twice is seen."""
    if SCHEDULE in spelling.tree:
        problems.add(path, f"'{SCHEDULE}' came as one value too; keep the value or the sweep")
    for index, value in enumerate(values):
        if schedule := read_schedule(value, join(path, index), problems):
            values[index] = schedule_as_file(schedule)


def _is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COUNT


def _check_swept_argument(
    argument: str,
    values: Sequence[JsonValue],
    path: str,
    entries: Sequence[NamedConf],
    find: Callable[[str], Signature],
    problems: Problems,
) -> None:
    if given := {entry.name for entry in entries if argument in entry.conf}:
        message = f"{_listed(given)} has '{argument}' in its conf too; keep the value or the sweep"
        problems.add(path, message)
    for name in sorted({entry.name for entry in entries}):
        signature = find(name)
        known = (*signature.required, *signature.optional)
        if argument not in known:
            problems.add_unknown_key(path, argument, known, name)
            continue
        for index, value in enumerate(values):
            if complaint := complaint_about(argument, value, signature.optional.get(argument)):
                problems.add(join(path, index), complaint)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))
