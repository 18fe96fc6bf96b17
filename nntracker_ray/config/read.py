"""From whatever came to a checked `ExperimentConfig`, or to every problem that it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nntracker_ray.config.checks import check_together
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.introspection import KEY as INTROSPECTION
from nntracker_ray.config.introspection import read_introspection
from nntracker_ray.config.names import resolve_names
from nntracker_ray.config.problems import Problems, from_pydantic
from nntracker_ray.config.reading import inline_json, read_tree, source_name
from nntracker_ray.config.schedule import KEY as SCHEDULE
from nntracker_ray.config.schedule import read_schedule
from nntracker_ray.config.spelling import Spelled, merge_fold_count, spelled
from nntracker_ray.config.sweep import check_sweep
from nntracker_ray.errors import ConfigError
from nntracker_ray.records import JsonValue, NamedConf

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog


def read_config(source: Path | str | Mapping[str, Any], *, catalog: Catalog) -> ExperimentConfig:
    """Read and check an experiment completely; nothing is fetched, built or stored.

    Args:
        source: Path of a JSON or YAML file, its text, or the same as a mapping.
        catalog: What the installed Keras has, from `load_catalog`.
    Raises: ConfigError: Every problem found, each with its place as the file spells it.
    """
    problems = Problems()
    tree = read_tree(source, problems)
    if problems.found and not tree:
        raise ConfigError(problems.found, source_name(source))
    spelling = spelled(tree, ExperimentConfig.model_fields, problems)
    merge_fold_count(spelling, problems)
    _unfold_inline_model(spelling, problems)
    resolve_names(spelling, catalog, problems)
    if SCHEDULE in spelling.tree:
        path = spelling.path(SCHEDULE)
        spelling.tree[SCHEDULE] = read_schedule(spelling.tree[SCHEDULE], path, problems)
    if INTROSPECTION in spelling.tree:
        path = spelling.path(INTROSPECTION)
        spelling.tree[INTROSPECTION] = read_introspection(spelling.tree[INTROSPECTION], path, problems)
    check_sweep(spelling, catalog, problems)
    config = _validated(spelling, problems)
    if problems.found:
        raise ConfigError(problems.found, source_name(source))
    return config


def _unfold_inline_model(spelling: Spelled, problems: Problems) -> None:
    model = spelling.tree.get("model")
    if isinstance(model, str) and model.lstrip().startswith("{"):
        spelling.tree["model"] = inline_json(model, spelling.path("model"), problems)


# Stand in for required fields that are broken, so that the rules between the other fields are still checked.
_STAND_INS: Mapping[str, JsonValue] = {
    "name": "x",
    "dataset_train": "x",
    "total_epochs": 1,
    "loss_functions": (NamedConf("MeanSquaredError"),),
}


def _validated(spelling: Spelled, problems: Problems) -> ExperimentConfig:
    broken = {field for field in ExperimentConfig.model_fields if problems.touch(spelling.path(field))}
    try:
        config = ExperimentConfig.model_validate(spelling.tree)
    except ValidationError as error:
        broken |= {str(part["loc"][0]) for part in error.errors()}
        _add_pydantic(error, spelling, problems)
        sound = {key: value for key, value in spelling.tree.items() if key not in broken}
        config = ExperimentConfig.model_validate({**_STAND_INS, **sound})
    check_together(config, spelling, broken, problems)
    return config


def _add_pydantic(error: ValidationError, spelling: Spelled, problems: Problems) -> None:
    for part in error.errors():
        place, message = from_pydantic(part)
        path = spelling.path(*_without_union_words(place))
        if problems.full:
            return
        if problems.touch(path):
            continue
        if part["type"] == "extra_forbidden":
            problems.add_unknown_key(path, str(place[-1]), _keys_of(str(place[0])))
        else:
            problems.add(path, message)


def _without_union_words(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic adds the tried type of a union ("constrained-str") to the place; the file has no such key."""
    return place[:1] if place[0] == "model" else place


def _keys_of(field: str) -> list[str]:
    annotation = ExperimentConfig.model_fields[field].annotation
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return [key for kind in candidates for key in getattr(kind, "model_fields", ())]
