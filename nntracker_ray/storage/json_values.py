"""JSON that loses nothing: NaN and the infinities, which JSON cannot say, are written {"$float": "nan"}."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from nntracker_ray.records import JsonValue

MARK = "$float"
ESCAPED = "$plain"  # around an object that looks like one of ours by chance


def dumps(value: JsonValue) -> str:
    """The value as JSON text. NumPy numbers and arrays become plain ones; what JSON has no word for, its text."""
    return json.dumps(_marked(value), allow_nan=False)


def loads(value: JsonValue) -> JsonValue:
    """The value back, from JSON that was already parsed (as psycopg does)."""
    if isinstance(value, list):
        return [loads(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {MARK}:
        return float(value[MARK])
    if value.keys() == {ESCAPED}:
        value = value[ESCAPED]
    return {key: loads(item) for key, item in value.items()}


def _marked(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {MARK: repr(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return _marked_object({str(key): _marked(item) for key, item in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_marked(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _marked(value.tolist())
    return str(value)


def _marked_object(value: dict[str, Any]) -> dict[str, Any]:
    return {ESCAPED: value} if value.keys() in ({MARK}, {ESCAPED}) else value
