"""Checks the `conf` of an optimizer, loss or metric against its constructor."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.errors import did_you_mean
from nntracker_ray.models.catalog import Signature
from nntracker_ray.models.values import is_number, shown
from nntracker_ray.records import JsonValue

_MOST_ENTRIES = 10_000


def modern_conf(signature: Signature, conf: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The arguments with names and values of earlier Keras versions replaced: lr, decay 0, reduction "auto"."""
    modern = dict(conf)
    if "lr" in modern and "learning_rate" in signature.optional:
        modern.setdefault("learning_rate", modern.pop("lr"))
    if modern.get("decay") in (0, None) and "decay" not in signature.optional:
        modern.pop("decay", None)
    if modern.get("reduction") == "auto":
        modern["reduction"] = "sum_over_batch_size"
    return modern


def check_conf(signature: Signature, conf: Mapping[str, JsonValue]) -> list[str]:
    """What is wrong with the arguments, one sentence each; [] if nothing is."""
    conf = modern_conf(signature, conf)
    known = (*signature.required, *signature.optional)
    problems = [_unknown(signature, key, known) for key in conf if key not in known]
    problems += [
        f"{signature.name} needs the argument {key!r}" for key in signature.required if key not in conf
    ]
    for key, value in conf.items():
        if key in known and (problem := _wrong_type(value, signature.optional.get(key))):
            problems.append(f"{key}: {shown(value)} {problem}")
    return problems


def _unknown(signature: Signature, key: str, known: tuple[str, ...]) -> str:
    if key == "decay":
        return "decay is gone from Keras 3; leave it out, or use a learning-rate schedule"
    hint = did_you_mean(key[:60], known)
    return f"{signature.name} has no argument {key[:60]!r}; known: {', '.join(known)}. {hint}".rstrip()


def _wrong_type(value: JsonValue, default: JsonValue) -> str:
    """What the value should have been, judging by the default; "" if it may do."""
    if isinstance(value, dict):
        return "is an object; a number, text, true, false or a list is needed"
    if isinstance(value, list) and not _is_plain_list(value):
        return "is not a list of numbers or texts"
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "is not true or false"
    if is_number(default):
        return "" if is_number(value) else "is not a number"
    if isinstance(default, str):
        return "" if isinstance(value, str | None) else "is not a text"
    return ""


def _is_plain_list(value: list[JsonValue]) -> bool:
    return len(value) <= _MOST_ENTRIES and all(
        isinstance(entry, str | bool) or is_number(entry) for entry in value
    )
