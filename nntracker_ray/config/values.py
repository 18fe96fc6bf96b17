"""Values of a `conf`: how text in them is read and written."""

from __future__ import annotations

import json
import math

from nntracker_ray.records import JsonValue


def read_value(value: JsonValue) -> JsonValue:
    """A value of a `conf`: text that is JSON counts as what it says ("1e-7" is a number), other text stays."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return value


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def write_value(value: JsonValue) -> JsonValue:
    """The value so that `read_value` gives it back: text that looks like JSON is quoted once more."""
    return json.dumps(value) if isinstance(value, str) and read_value(value) != value else value


def is_finite(value: JsonValue) -> bool:
    """Whether a number is one that a float can hold; everything that is no number counts as finite."""
    try:
        return not isinstance(value, int | float) or math.isfinite(float(value))
    except OverflowError:
        return False
