"""What the constructor of a metric takes: read from the class, and held against what users write under `conf`."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from nntracker_ray.errors import did_you_mean
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.records import JsonValue

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a metric."""

    name: str
    annotation: str  # as its author wrote it: "float | None"; "" where nothing is written
    is_required: bool
    default: JsonValue = None


def arguments_of(kind: type[Subscriber]) -> tuple[Argument, ...]:
    """The arguments that can be given by name, in the author's order."""
    parameters = inspect.signature(kind).parameters.values()
    return tuple(_argument(one) for one in parameters if one.kind in _BY_NAME)


def _argument(parameter: inspect.Parameter) -> Argument:
    written = parameter.annotation
    annotation = written if isinstance(written, str) else inspect.formatannotation(written)
    if written is inspect.Parameter.empty:
        annotation = ""
    is_required = parameter.default is inspect.Parameter.empty
    return Argument(parameter.name, annotation, is_required, None if is_required else parameter.default)


def complaints_about(kind: type[Subscriber], conf: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """What is wrong with arguments: the name of each, "" for all of them together, and why."""
    arguments = {one.name: one for one in arguments_of(kind)}
    hints = _hints(kind)
    found = list[tuple[str, str]]()
    for key, value in conf.items():
        if key not in arguments:
            if not _takes_any(kind):
                found.append((key, _unknown(key, tuple(arguments))))
        elif complaint := _complaint(value, hints.get(key), arguments[key]):
            found.append((key, complaint))
    missing = [one.name for one in arguments.values() if one.is_required and one.name not in conf]
    found += [(name, "required, but missing") for name in missing]
    yield from found or _refusals(kind, conf)


def constructed(kind: type[Subscriber], conf: Mapping[str, JsonValue]) -> Subscriber:
    """An instance; arguments arrive as annotated: a list as the tuple that is asked for. Raises what the class does."""
    hints = _hints(kind)
    return kind(**{key: _as_annotated(value, hints.get(key)) for key, value in conf.items()})


def _refusals(kind: type[Subscriber], conf: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """What only the class itself knows, asked by making one."""
    try:
        made = constructed(kind, conf)
    except Exception as error:  # a plug-in may raise anything
        text = str(error) or type(error).__name__
        # "p is 0; it must be ..." stands beside p.
        yield next((key for key in conf if re.match(rf"{re.escape(key)}\b", text)), ""), text
    else:
        if not made.topics and not made.any_tensor:
            yield "", "with these arguments it listens to no topic"


def _complaint(value: JsonValue, hint: Any, argument: Argument) -> str:
    if not _is_finite(value):
        return f"must be finite; came {value}"
    try:
        _as_annotated(value, hint)
    except ValidationError as error:
        told = [one["msg"] for one in error.errors()]
        must = told[0].replace("Input should", "must") if len(told) == 1 else f"must be {argument.annotation}"
        return f"{must}; came {json.dumps(value)[:60]}"
    return ""


def _as_annotated(value: JsonValue, hint: Any) -> Any:
    """Raises: pydantic.ValidationError."""
    adapter = None if hint is None else _adapter(hint)
    # JSON's strictness: a list may be a tuple, a whole number a float, but no text a number.
    return value if adapter is None else adapter.validate_json(json.dumps(value), strict=True)


def _adapter(hint: Any) -> TypeAdapter[Any] | None:
    try:
        return TypeAdapter(hint)
    except Exception:  # an annotation that pydantic cannot check is the author's to check
        return None


def _hints(kind: type[Subscriber]) -> Mapping[str, Any]:
    try:
        return get_type_hints(kind.__init__, include_extras=True)
    except Exception:  # names that exist for type checkers alone
        return {}


def _takes_any(kind: type[Subscriber]) -> bool:
    return any(
        one.kind is inspect.Parameter.VAR_KEYWORD for one in inspect.signature(kind).parameters.values()
    )


def _unknown(key: str, known: tuple[str, ...]) -> str:
    if not known:
        return "unknown argument; this metric takes none"
    return f"unknown argument; known: {', '.join(known)}. {did_you_mean(key[:60], known)}".rstrip()


def _is_finite(value: JsonValue) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
