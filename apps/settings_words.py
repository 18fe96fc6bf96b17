"""`--set KEY=VALUE` on a command line, as the changes that a fork takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


def changes_of(settings: Sequence[str]) -> dict[str, JsonValue]:
    """The changes that `KEY=VALUE` words ask for; dots in a key go into what it holds.

    A value is read as JSON, and as plain text if it is none.

    >>> changes_of(["learning_rate=1e-3", "optimizer.optimizer=SGD", "optimizer.conf.momentum=0.9"])
    {'learning_rate': 0.001, 'optimizer': {'optimizer': 'SGD', 'conf': {'momentum': 0.9}}}

    Raises: BadInputError: A word without "=", a key without a name, or two words that cannot both hold.
    """
    changes: dict[str, JsonValue] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not all(key.split(".")):
            raise BadInputError(f"--set takes KEY=VALUE, such as learning_rate=0.01; it got {setting!r}")
        _put(changes, key.split("."), _value(text), setting)
    return changes


def _value(text: str) -> JsonValue:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(held: dict[str, Any], path: Sequence[str], value: JsonValue, setting: str) -> None:
    for key in path[:-1]:
        held = held.setdefault(key, {})
        if not isinstance(held, dict):
            raise BadInputError(f"--set {setting} goes into {key!r}, which another --set gives a plain value")
    if path[-1] in held:
        raise BadInputError(f"--set {setting} comes after another --set of the same; give one of the two")
    held[path[-1]] = value
