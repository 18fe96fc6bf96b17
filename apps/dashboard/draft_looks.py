"""What a draft says of looking inside: presets by name, and single metrics with topics, layers and cadence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from nntracker_ray.introspection.catalog import PRESET_NAMES
from nntracker_ray.records import JsonValue

KEY = "introspection"
_OTHER = {"every": "every_epochs", "every_epochs": "every"}

Entries: TypeAlias = Sequence[JsonValue]


def entries_of(tree: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The entries as they stand in the file; one alone may stand without its list."""
    given = tree.get(KEY)
    return given if isinstance(given, list) else [] if given is None else [given]


def presets_in(entries: Entries) -> frozenset[str]:
    """The presets among them."""
    return frozenset(entry for entry in entries if isinstance(entry, str) and entry in PRESET_NAMES)


def metrics_in(entries: Entries) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """Every other entry, with its place among all of them."""
    for index, entry in enumerate(entries):
        if not (isinstance(entry, str) and entry in PRESET_NAMES):
            yield index, _object(entry)


def with_preset(entries: Entries, name: str, *, chosen: bool) -> list[JsonValue]:
    """Presets stand first, in the order of their size."""
    kept = presets_in(entries) | {name} if chosen else presets_in(entries) - {name}
    rest = [entry for entry in entries if not (isinstance(entry, str) and entry in PRESET_NAMES)]
    return [*(preset for preset in PRESET_NAMES if preset in kept), *rest]


def renamed(entries: Entries, index: int, metric: str) -> list[JsonValue]:
    """Another metric on the same layers as often; topics and arguments were the old one's."""
    return [
        _short({**_object(one), "metric": metric, "topics": None, "conf": None}) if no == index else one
        for no, one in enumerate(entries)
    ]


def with_topic(entries: Entries, index: int, topic: str, *, chosen: bool) -> list[JsonValue]:
    """A topic more or less."""
    if index >= len(entries):
        return list(entries)
    given = _object(entries[index]).get("topics")
    topics = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    changed = [one for one in topics if one != topic] + ([topic] if chosen else [])
    return with_value(entries, index, ["topics"], changed or None)


def with_value(entries: Entries, index: int, keys: Sequence[str], value: JsonValue) -> list[JsonValue]:
    """The same with another value inside one of them; None takes it away. Steps and epochs exclude each other."""
    return [_put(one, keys, value) if no == index else one for no, one in enumerate(entries)]


def _put(entry: JsonValue, keys: Sequence[str], value: JsonValue) -> JsonValue:
    first, *rest = keys
    changed = _object(entry)
    if rest:
        inside = changed.get(first)
        value = {**(inside if isinstance(inside, Mapping) else {}), rest[0]: value}
        value = {key: one for key, one in value.items() if one is not None} or None
    elif value is not None:
        changed.pop(_OTHER.get(first, ""), None)
    return _short({**changed, first: value})


def _object(entry: JsonValue) -> dict[str, Any]:
    return dict(entry) if isinstance(entry, Mapping) else {"metric": str(entry)}


def _short(entry: Mapping[str, JsonValue]) -> JsonValue:
    """A name alone where nothing more is said."""
    said = {key: value for key, value in entry.items() if value is not None}
    return said["metric"] if said.keys() == {"metric"} else said
