"""Checkers of single configuration values: JSON in, the canonical JSON value out, or `RefusedError`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeGuard

from nntracker_ray.errors import did_you_mean
from nntracker_ray.records import JsonValue

Check: TypeAlias = Callable[[JsonValue], JsonValue]

LARGEST = 2**31 - 1  # TensorFlow's own dimensions are signed 32-bit in many kernels


class RefusedError(ValueError):
    """A value that the schema does not allow; the text says what came and what is allowed."""


def shown(value: JsonValue) -> str:
    """The value as a message shows it: short, in one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_integer(value: JsonValue) -> TypeGuard[int]:
    """A JSON integer; booleans are not numbers here."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """A finite JSON number."""
    return (is_integer(value) and abs(value) < 10**300) or (isinstance(value, float) and math.isfinite(value))


def integer(low: int = -LARGEST, high: int = LARGEST) -> Check:
    """An integer from `low` to `high`."""

    def check(value: JsonValue) -> int:
        # Keras 2 wrote 2.0 for 2 in a few layers.
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        if not is_integer(whole) or not low <= whole <= high:
            raise RefusedError(f"{shown(value)} is not an integer from {low} to {high}")
        return whole

    return check


def real(low: float = -1e300, high: float = 1e300) -> Check:
    """A finite number from `low` to `high`, as a float."""

    def check(value: JsonValue) -> float:
        if not is_number(value) or not low <= value <= high:
            raise RefusedError(f"{shown(value)} is not a number from {low:g} to {high:g}")
        return float(value)

    return check


def boolean(value: JsonValue) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise RefusedError(f"{shown(value)} is not true or false")
    return value


def choice(*allowed: str | None) -> Check:
    """One of the words, case ignored; None only if it is listed."""
    by_lower = {word.lower(): word for word in allowed if word is not None}

    def check(value: JsonValue) -> str | None:
        if value is None and None in allowed:
            return None
        if not isinstance(value, str) or value.lower() not in by_lower:
            hint = did_you_mean(value, by_lower) if isinstance(value, str) else ""
            raise RefusedError(
                f"{shown(value)} is not one of {', '.join(map(str, allowed))}. {hint}".rstrip()
            )
        return by_lower[value.lower()]

    return check


def only(*allowed: JsonValue) -> Check:
    """Exactly one of the values: for switches that are accepted in one position."""

    def check(value: JsonValue) -> JsonValue:
        for one in allowed:
            if type(one) is type(value) and one == value:
                return one
        raise RefusedError(f"{shown(value)} is not supported here; leave it out or give {allowed[0]!r}")

    return check


def optional(check: Check) -> Check:
    """None, or what `check` takes."""
    return lambda value: None if value is None else check(value)


def anything(value: JsonValue) -> JsonValue:
    """Any value: for keys of old versions that are dropped unread."""
    return value


def integers(count: int, low: int = 1, high: int = LARGEST) -> Check:
    """One integer for all of `count` dimensions, or a list of `count`; becomes a list."""
    one = integer(low, high)

    def check(value: JsonValue) -> list[JsonValue]:
        if not isinstance(value, list):
            return [one(value)] * count
        if len(value) != count:
            raise RefusedError(f"{shown(value)} has {len(value)} entries where {count} are needed")
        return [one(entry) for entry in value]

    return check


def edges(count: int) -> Check:
    """Padding or cropping: n, [n, m], or [[before, after], ...] for `count` dimensions; becomes pairs.

    In one dimension the pair stands alone: [before, after].
    """
    one, pair = integer(0), integers(2, 0)

    def check(value: JsonValue) -> list[JsonValue]:
        if not isinstance(value, list):
            return [one(value)] * 2 if count == 1 else [[one(value)] * 2 for _ in range(count)]
        if count == 1:
            # Keras' own config nests it in a further list in some versions.
            return list(pair(value[0] if len(value) == 1 and isinstance(value[0], list) else value))
        if len(value) != count:
            raise RefusedError(f"{shown(value)} has {len(value)} entries where {count} are needed")
        return [pair(entry) for entry in value]

    return check


def axes(value: JsonValue) -> int | list[int]:
    """An axis or a list of different axes, negative ones counted from the end; 0 is the batch."""
    one = integer(-16, 16)
    if isinstance(value, list):
        found = [one(entry) for entry in value]
        if not found or len(set(found)) != len(found):
            raise RefusedError(f"{shown(value)} is not a list of different axes")
        return found
    return int(one(value))


def integer_list(low: int, high: int = LARGEST, most: int = 16) -> Check:
    """A list of up to `most` integers."""
    one = integer(low, high)

    def check(value: JsonValue) -> list[JsonValue]:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise RefusedError(f"{shown(value)} is not a list of 1 to {most} integers")
        return [one(entry) for entry in value]

    return check


def numbers(value: JsonValue) -> JsonValue:
    """A number or nested lists of numbers of a regular shape, at most 16 deep; becomes floats."""
    regular_shape(value)
    return _floats(value)


def _floats(value: JsonValue) -> JsonValue:
    return [_floats(entry) for entry in value] if isinstance(value, list) else float(value)


def regular_shape(value: JsonValue) -> tuple[int, ...]:
    """Shape of nested lists of numbers, () for a number. Raises: RefusedError: ragged, empty or not numbers."""
    if is_number(value):
        return ()
    if not isinstance(value, list) or not value:
        raise RefusedError(f"{shown(value)} is not a number or a list of numbers")
    shapes = {regular_shape(entry) for entry in value}
    if len(shapes) != 1:
        raise RefusedError(f"{shown(value)} is ragged: its rows differ in length")
    return (len(value), *shapes.pop())


def shape_with_batch(value: JsonValue) -> list[int | None]:
    """[null, 28, 28]: the batch dimension first, then at least one more; the batch size is left open."""
    if not isinstance(value, list) or not 2 <= len(value) <= 8:
        raise RefusedError(f"{shown(value)} is not a shape such as [null, 28, 28]")
    dimension = optional(integer(1))
    # A fixed batch size would refuse the last, smaller batch of an epoch.
    return [None, *(dimension(entry) for entry in value[1:])]


def words(names: Sequence[str], most: int = 12) -> str:
    """The first names of a list for a message."""
    more = "" if len(names) <= most else ", ..."
    return ", ".join(names[:most]) + more
