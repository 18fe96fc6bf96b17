"""What a form's field says, as the value of an experiment file, and back. What cannot be read stays text:
the check of the file then says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nntracker_ray.config.parsing import UnreadableError, parse_yaml
from nntracker_ray.config.values import read_value, write_value
from nntracker_ray.records import JsonValue


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of value is read from a field and shown in one. Nothing in the field is None: absent."""

    read: Callable[[str], JsonValue]
    show: Callable[[JsonValue], str]


def _number(text: str) -> JsonValue:
    value = _yaml(text)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text


def _yaml(text: str) -> JsonValue:
    try:
        return parse_yaml(text)
    except UnreadableError:
        return text


def _numbers(text: str) -> JsonValue:
    return [_number(part) for part in re.split(r"[,;\s]+", text.strip(" []")) if part] or None


def _words(text: str) -> JsonValue:
    return [part.strip() for part in text.split(",") if part.strip()] or None


def _one_hot(text: str) -> JsonValue:
    words = _words(text)
    return True if words == ["*"] else words


def _shown(value: JsonValue) -> str:
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _shown_list(value: JsonValue) -> str:
    listed = value if isinstance(value, list) else [value]
    return ", ".join(_shown(part) for part in listed if part is not None)


TEXT = Way(lambda text: text.strip() or None, _shown)
NUMBER = Way(lambda text: _number(text.strip()) if text.strip() else None, _shown)
NUMBERS = Way(_numbers, _shown_list)
WORDS = Way(_words, _shown_list)
TREE = Way(lambda text: _yaml(text) if text.strip() else None, _shown)
ARGUMENT = Way(
    lambda text: write_value(read_value(text.strip())) if text.strip() else None,
    lambda value: _shown(read_value(value)),
)
ONE_HOT = Way(_one_hot, lambda value: "*" if value is True else _shown_list(value))

WAYS: Mapping[str, Way] = {
    "learning_rates": NUMBERS,
    "tags": WORDS,
    "one_hot": ONE_HOT,
    "sweep": TREE,
    "checkpoints": TREE,
    "capture": TREE,
    "learning_rate_schedule": TREE,
    **dict.fromkeys(
        (
            "batch_size",
            "total_epochs",
            "epoch_period",
            "checkpoint_period",
            "seed",
            "repeats",
            "max_concurrent",
            "priority",
            "validation_split",
            "folds.count",
            "folds.seed",
            "early_stopping.patience",
            "early_stopping.min_delta",
            "resources.cpu",
            "resources.gpu",
        ),
        NUMBER,
    ),
}


# Of the entries of `introspection`.
_LOOK_WAYS: Mapping[str, Way] = {
    "layers": WORDS,
    "topics": WORDS,
    **dict.fromkeys(("every", "every_epochs", "budget", "limit_s"), NUMBER),
}


def way_of(place: str) -> Way:
    """How the value at a place of the file is read and shown."""
    if place.startswith("introspection.") and ".conf." not in place:
        return _LOOK_WAYS.get(place.rpartition(".")[2], TEXT)
    return WAYS.get(place, ARGUMENT if ".conf." in place else TEXT)


def in_field(place: str, value: JsonValue) -> str:
    """What a field shows for the value at a place; '' where there is none."""
    return "" if value is None else way_of(place).show(value)
