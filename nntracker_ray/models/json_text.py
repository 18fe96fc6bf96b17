"""Model text to plain JSON values, under limits on size and nesting."""

from __future__ import annotations

import json
from collections import Counter
from typing import NoReturn

from nntracker_ray.errors import ModelError
from nntracker_ray.models.limits import ModelLimits
from nntracker_ray.records import JsonValue


def read_json(text: str | bytes, limits: ModelLimits) -> JsonValue:
    """The value, with Keras' encoded tuples as lists.

    Raises: ModelError: too long, too deep, not JSON, a key given twice, NaN or Infinity.
    """
    size = len(text)
    if size > limits.text_bytes:
        raise ModelError(
            f"the model description has {size:,} characters; at most {limits.text_bytes:,} are allowed"
        )
    try:
        # json.loads would guess the encoding of bytes; JSON in files is UTF-8 (RFC 8259), with a mark at most.
        decoded = text.decode("utf-8").removeprefix("\ufeff") if isinstance(text, bytes) else text
        value = json.loads(decoded, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError as error:
        raise ModelError(
            f"the model description is not JSON: {error}. Export it with model.to_json()"
        ) from None
    return _plain(value, limits.nesting, limits)


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"key {twice[:60]!r} is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _plain(value: JsonValue, levels: int, limits: ModelLimits) -> JsonValue:
    """A copy in which {"class_name": "__tuple__", "items": [...]} is a list."""
    if not isinstance(value, list | dict):
        return value
    if levels == 0:
        raise _too_deep(limits)
    if isinstance(value, list):
        return [_plain(entry, levels - 1, limits) for entry in value]
    if value.get("class_name") == "__tuple__" and isinstance(value.get("items"), list):
        return [_plain(entry, levels - 1, limits) for entry in value["items"]]
    return {key: _plain(entry, levels - 1, limits) for key, entry in value.items()}


def _too_deep(limits: ModelLimits) -> ModelError:
    return ModelError(f"the model description is nested more than {limits.nesting} levels deep")
