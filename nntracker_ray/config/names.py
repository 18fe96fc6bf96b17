"""Optimizers, losses and metrics of a file against what Keras has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nntracker_ray.config.problems import Problems, join, kind_of, shown
from nntracker_ray.config.spelling import Spelled
from nntracker_ray.config.values import is_finite, read_value
from nntracker_ray.errors import BadInputError
from nntracker_ray.models.arguments import modern_conf
from nntracker_ray.records import JsonValue, NamedConf

if TYPE_CHECKING:
    from nntracker_ray.models.catalog import Catalog, Signature

Tree: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class _Kind:
    field: str  # "optimizers"
    word: str  # "optimizer": the key of the name inside an entry
    find: Callable[[str], Signature]  # Raises: BadInputError


def resolve_names(spelling: Spelled, catalog: Catalog, problems: Problems) -> None:
    """Replace every entry of the three lists by a `NamedConf` in Keras' own spelling."""
    kinds = (
        _Kind("optimizers", "optimizer", catalog.optimizer),
        _Kind("loss_functions", "loss_function", catalog.loss),
        _Kind("extra_metrics", "metric", catalog.metric),
    )
    for kind in kinds:
        _resolve_list(spelling, kind, problems)


def _resolve_list(spelling: Spelled, kind: _Kind, problems: Problems) -> None:
    entries = spelling.tree.get(kind.field)
    if isinstance(entries, str | dict):
        entries = [entries]
    if not isinstance(entries, list):
        return  # pydantic says what is wrong with it
    path = spelling.path(kind.field)
    resolved = [_named(entry, join(path, i), kind, problems) for i, entry in enumerate(entries)]
    spelling.tree[kind.field] = [entry for entry in resolved if entry is not None]


def _named(entry: JsonValue, path: str, kind: _Kind, problems: Problems) -> NamedConf | None:
    if problems.full:
        return None
    if isinstance(entry, str):
        entry = {kind.word: entry}
    if not isinstance(entry, dict):
        example = f'{{"{kind.word}": "...", "conf": {{}}}}'
        problems.add(path, f"must be a name or an object {example}; came {shown(entry)}")
        return None
    for key in sorted(entry.keys() - {kind.word, "conf"}):
        problems.add_unknown_key(join(path, key), key, (kind.word, "conf"))
    signature = _signature(entry.get(kind.word), join(path, kind.word), kind, problems)
    conf = _conf(entry.get("conf"), join(path, "conf"), signature, problems)
    return NamedConf(signature.name, conf) if signature else None


def _signature(name: JsonValue, path: str, kind: _Kind, problems: Problems) -> Signature | None:
    if not isinstance(name, str) or not name.strip():
        problems.add(path, f"must be the name of a Keras {kind.word.replace('_', ' ')}; came {shown(name)}")
        return None
    try:
        return kind.find(name.strip())
    except BadInputError as error:
        problems.add(path, str(error))
        return None


def _conf(conf: JsonValue, path: str, signature: Signature | None, problems: Problems) -> Tree:
    if conf is None:
        conf = {}
    if not isinstance(conf, dict):
        problems.add(path, f"must be an object of arguments, such as {{}}; came {shown(conf)}")
        return {}
    values = {key: read_value(value) for key, value in conf.items()}
    if signature is not None:
        values = modern_conf(signature, values)
    for key, value in values.items():
        _check_argument(key, value, join(path, key), signature, problems)
    for key in signature.required if signature else ():
        if key not in values:
            problems.add(join(path, key), f"required by {signature.name if signature else ''}, but missing")
    return values


# Arguments whose name means the same in every Keras optimizer: (lowest, highest, whether the lowest itself is allowed).
_RANGES: Mapping[str, tuple[float, float, bool]] = {
    "learning_rate": (0, float("inf"), False),
    "momentum": (0, 1, True),
    "beta_1": (0, 1, True),
    "beta_2": (0, 1, True),
    "rho": (0, 1, True),
    "ema_momentum": (0, 1, True),
    "epsilon": (0, float("inf"), True),
    "weight_decay": (0, float("inf"), True),
    "clipnorm": (0, float("inf"), False),
    "clipvalue": (0, float("inf"), False),
    "global_clipnorm": (0, float("inf"), False),
}


def _check_argument(
    key: str, value: JsonValue, path: str, signature: Signature | None, problems: Problems
) -> None:
    """One argument: known, of the kind of its default, a plain value, finite and in range."""
    if signature is not None and key not in signature.optional and key not in signature.required:
        problems.add_unknown_key(path, key, (*signature.required, *signature.optional), signature.name)
    elif complaint := complaint_about(key, value, signature.optional.get(key) if signature else None):
        problems.add(path, complaint)


def complaint_about(key: str, value: JsonValue, default: JsonValue) -> str:
    """What is wrong with one argument's value, or ""."""
    if not _is_plain(value):
        # Keras would build objects from nested descriptions, and with them run code of the file's choosing.
        hint = (
            ". For a rate that changes use the key 'learning_rate_schedule'" if key == "learning_rate" else ""
        )
        return f"must be text, a number, true/false or a list of these; came {shown(value)}{hint}"
    if not all(is_finite(part) for part in (value if isinstance(value, list) else [value])):
        return f"must be finite; came {shown(value)}"
    if key == "name" and value is not None and not isinstance(value, str):
        return f'must be text; came {shown(value)}. Text that looks like JSON needs quotes inside: "\\"5\\""'
    if value is not None and default is not None and not _same_kind(value, default):
        return f"must be like its default {json.dumps(default)} ({kind_of(default)}); came {shown(value)}"
    if key in _RANGES and isinstance(value, int | float) and not _in_range(value, *_RANGES[key]):
        return f"must be {_range_words(*_RANGES[key])}; came {shown(value)}"
    return ""


def _is_plain(value: JsonValue) -> bool:
    if isinstance(value, list):
        return all(_is_plain(part) for part in value)
    return not isinstance(value, dict)


def _same_kind(value: JsonValue, default: JsonValue) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) or not isinstance(default, str)


def _in_range(value: float, low: float, high: float, inclusive: bool) -> bool:
    return (value >= low if inclusive else value > low) and value <= high


def _range_words(low: float, high: float, inclusive: bool) -> str:
    if high == float("inf"):
        return f"at least {low:g}" if inclusive else f"more than {low:g}"
    return f"from {low:g} to {high:g}"
