"""The key `introspection`: which metrics of the inside of the network are taken, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, ValidationError
from pydantic.functional_validators import AfterValidator
from pydantic_core import ErrorDetails

from nntracker_ray.config.parts import Count, Label, Number, Part, unique
from nntracker_ray.config.problems import Problems, from_pydantic, join, shown
from nntracker_ray.config.values import read_value, write_value
from nntracker_ray.errors import Problem
from nntracker_ray.introspection.catalog import PRESET_NAMES, Catalog, known_metrics
from nntracker_ray.introspection.presets import NEEDS_TEST, filled, merged, places, presets
from nntracker_ray.introspection.topics import TENSOR_TOPICS
from nntracker_ray.records import JsonValue, Observed

KEY: Final = "introspection"
MOST_ENTRIES: Final = (
    200  # beyond is a slip of the finger; a look at so much would take longer than the training
)


def _listed(value: object) -> object:
    """One text stands for a list of it."""
    return [value] if isinstance(value, str) else value


_Labels: TypeAlias = Annotated[tuple[Label, ...], AfterValidator(unique), BeforeValidator(_listed)]


class ObservedConfig(Part):
    """One metric, on some topics and layers, every so often."""

    metric: Label
    conf: dict[str, JsonValue] = Field(default_factory=dict)  # arguments of the metric, already parsed
    topics: _Labels = ()  # (): the metric's own
    every: Count | None = None  # steps; neither of the two: the metric's own cadence
    every_epochs: Count | None = None
    layers: Annotated[_Labels, Field(min_length=1)] = ("*",)
    budget: Annotated[Number, Field(gt=0, le=1)] = 0.1  # share of the training time
    limit_s: Annotated[Number, Field(gt=0, le=3600)] = 30.0  # of one look

    def observed(self, catalog: Catalog) -> Observed:
        """The same as a run carries it, cadence and topics spelled out as far as they are known here."""
        return filled(Observed(**self.model_dump()), catalog.metrics.get(self.metric))


Look: TypeAlias = str | ObservedConfig  # a preset by name, or a metric


def read_introspection(value: JsonValue, path: str, problems: Problems) -> JsonValue:
    """The entries checked against the catalogue; what is no list stays as it came, for the type's own complaint."""
    listed = [value] if isinstance(value, str | dict) else value
    if not isinstance(listed, list):
        return value
    if len(listed) > MOST_ENTRIES:
        problems.add(path, f"holds {len(listed):,} entries; allowed: {MOST_ENTRIES}")
        return []
    catalog = known_metrics()
    looks = [_look(entry, join(path, index), catalog, problems) for index, entry in enumerate(listed)]
    _refuse_repeated(looks, catalog, path, problems)
    return [look for look in looks if look is not None]


def _look(entry: JsonValue, path: str, catalog: Catalog, problems: Problems) -> Look | None:
    if problems.full:
        return None
    if isinstance(entry, str) and entry.strip() in PRESET_NAMES:
        return entry.strip()
    given = {"metric": entry.strip()} if isinstance(entry, str) else entry
    if not isinstance(given, dict):
        problems.add(
            path,
            f'must be a preset, a metric or an object {{"metric": "...", "every": 100}}; came {shown(entry)}',
        )
        return None
    config, is_sound = _checked_form(given, path, problems)
    if config is None:
        return None
    # A text alone has no key "metric" that the problem could be at.
    complaints = _complaints(config, catalog)
    for problem in complaints:
        at_entry = isinstance(entry, str) and problem.path == "metric"
        problems.add(path if at_entry else f"{path}.{problem.path}", problem.message)
    return config if is_sound and not complaints else None


def _checked_form(
    given: dict[str, JsonValue], path: str, problems: Problems
) -> tuple[ObservedConfig | None, bool]:
    """The entry as far as its values are of the right kind, and whether all of them are."""
    given = {key: value for key, value in given.items() if value is not None}
    if isinstance(conf := given.get("conf"), dict):
        given["conf"] = {key: read_value(value) for key, value in conf.items()}
    if has_two := "every" in given and "every_epochs" in given:
        problems.add(join(path, "every_epochs"), "'every' came too; keep one of the two")
    try:
        return ObservedConfig.model_validate(given), not has_two
    except ValidationError as error:
        broken = {str(part["loc"][0]) for part in error.errors()}
        for part in error.errors():
            _add(part, path, problems)
    sound = {key: value for key, value in given.items() if key not in broken}
    return (None if "metric" in broken else ObservedConfig.model_validate(sound)), False


def _add(part: ErrorDetails, path: str, problems: Problems) -> None:
    place = reduce(join, part["loc"], path)
    if part["type"] == "extra_forbidden":
        problems.add_unknown_key(place, str(part["loc"][-1]), ObservedConfig.model_fields)
    else:
        problems.add(place, from_pydantic(part)[1])


def _complaints(config: ObservedConfig, catalog: Catalog) -> tuple[Problem, ...]:
    if config.metric in PRESET_NAMES:
        return (Problem("metric", f"'{config.metric}' is a preset; write its name alone, without an object"),)
    return catalog.problems(config.observed(catalog))


def _refuse_repeated(looks: Sequence[Look | None], catalog: Catalog, path: str, problems: Problems) -> None:
    """The same twice would be recorded twice under one name."""
    first: dict[str, int] = {}
    for index, look in enumerate(looks):
        for place in _said(look, catalog):
            if first.setdefault(place, index) != index:
                problems.add(join(path, index), f"says the same as entry {first[place]}; once is enough")
                break


def _said(look: Look | None, catalog: Catalog) -> Iterator[str]:
    if isinstance(look, ObservedConfig):
        observed = look.observed(catalog)
        yield from (f"{place} {observed.conf} {observed.layers}" for place in places(observed, catalog))
    elif look is not None:
        yield look


def observed_by(looks: Sequence[Look], *, has_test: bool) -> tuple[Observed, ...]:
    """Everything that is to be looked at, presets spelled out and each thing once.

    Args:
        has_test: Whether there is a test set, without which presets leave out what needs it.
    """
    catalog = known_metrics()
    single = [look.observed(catalog) for look in looks if isinstance(look, ObservedConfig)]
    known = presets(catalog)
    named = [one for look in looks if isinstance(look, str) for one in known[look].metrics]
    return merged(single, [one for one in named if has_test or one.metric not in NEEDS_TEST], catalog)


def complaints_about_looks(looks: Sequence[Look], *, has_test: bool) -> Iterator[tuple[int, str]]:
    """What of the entries cannot be had in this experiment: the place of each, and why."""
    catalog = known_metrics()
    observed = observed_by(looks, has_test=has_test)
    published = {topic for one in observed for topic in catalog.topics_of(one)[:1]}
    published |= {topic for one in observed if catalog.metrics[one.metric].any_tensor for topic in one.topics}
    for index, look in enumerate(looks):
        if not isinstance(look, ObservedConfig):
            continue
        if look.metric in NEEDS_TEST and not has_test:
            yield (
                index,
                f"'{look.metric}' needs a test set ('dataset_test'); where there is none leave it out",
            )
        for topic in catalog.topics_of(look.observed(catalog)):
            of, slash, _ = topic.partition("/")
            if slash and of in TENSOR_TOPICS and of not in published:
                yield (
                    index,
                    f"listens to '{topic}', but no metric here is of '{of}'; add the one that it comes from",
                )


def look_as_file(look: Look) -> JsonValue:
    """The entry as the file says it: a name alone where nothing more is said."""
    if isinstance(look, str):
        return look
    said: dict[str, Any] = look.model_dump(mode="json", exclude_defaults=True)
    if "conf" in said:
        said["conf"] = {key: write_value(value) for key, value in look.conf.items()}
    return look.metric if said.keys() == {"metric"} else said
