"""Checks what users write under `conf`. Each raises BadInputError: what came, and what is allowed."""

from __future__ import annotations

import math
from typing import Any

from nntracker_ray.errors import BadInputError, did_you_mean


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInputError(f"{name} is {value!r}; it must be a whole number from {least} to {most}")
    return value


def number(name: str, value: Any, least: float, most: float) -> float:
    """A number from `least` to `most`, both allowed; infinity may be written as text, "inf"."""
    found = math.inf if value in ("inf", ".inf") else value
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not least <= found <= most:
        raise BadInputError(f"{name} is {value!r}; it must be a number from {least:g} to {most:g}")
    return float(found)


def topics(name: str, value: Any, allowed: tuple[str, ...], count: int) -> tuple[str, ...]:
    """So many different topics out of `allowed`."""
    found = words(name, value)
    for topic in found:
        if topic not in allowed:
            hint = did_you_mean(topic, allowed)
            raise BadInputError(
                f"{name}: unknown topic {topic!r}; known: {', '.join(allowed)}. {hint}".rstrip()
            )
    if len(found) != count:
        raise BadInputError(
            f"{name} is {value!r}; it must be {count} different topic{'s' if count > 1 else ''}"
        )
    return found


def words(name: str, value: Any) -> tuple[str, ...]:
    """One or more different words; a single one may come without a list."""
    found = (value,) if isinstance(value, str) else value
    right = (
        isinstance(found, (list, tuple)) and found and all(isinstance(word, str) and word for word in found)
    )
    if not right or len(set(found)) != len(found):
        raise BadInputError(f"{name} is {value!r}; it must be a list of different names, at least one")
    return tuple(str(word) for word in found)
