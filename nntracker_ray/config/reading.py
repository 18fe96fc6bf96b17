"""From a file, its text or a mapping to one tree of plain values."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntracker_ray.config.parsing import UnreadableError, parse_json, parse_yaml
from nntracker_ray.config.problems import Problems, join
from nntracker_ray.records import JsonValue

MAX_BYTES = 1_000_000  # an experiment with a large inline model takes about half
MAX_ENTRIES = 10_000  # of one list or object
Source = Path | str | Mapping[str, Any]


def source_name(source: Source) -> str:
    """What to call the source in messages."""
    return str(source) if isinstance(source, Path) else "experiment"


def read_tree(source: Source, problems: Problems) -> dict[str, JsonValue]:
    """The experiment as nested dicts and lists of plain values; {} when it cannot be read at all.

    Args:
        source: Path of a JSON or YAML file, its text, or the same as a mapping.
        problems: Gains one entry for everything that cannot be read or would be ambiguous.
    """
    try:
        tree = _plain(_parsed(source), "", problems)
    except UnreadableError as error:
        problems.add("", str(error))
        return {}
    except RecursionError:
        problems.add("", "nested too deeply; an experiment needs a handful of levels")
        return {}
    if isinstance(tree, dict):
        return tree
    hint = " To read a file, give its path as a Path." if isinstance(tree, str) else ""
    problems.add("", f"must hold an object with keys such as 'name'; came {type(tree).__name__}.{hint}")
    return {}


def _parsed(source: Source) -> object:
    if isinstance(source, Mapping):
        return source
    text = _text_of(source) if isinstance(source, Path) else source
    _refuse_length(len(text))
    suffix = source.suffix.lower() if isinstance(source, Path) else ""
    is_json = suffix == ".json" or (suffix not in (".yaml", ".yml") and text.lstrip().startswith("{"))
    return parse_json(text) if is_json else parse_yaml(text)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    _refuse_length(len(data))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _refuse_length(length: int) -> None:
    if length > MAX_BYTES:
        raise UnreadableError(f"longer than {MAX_BYTES:,} characters; keep large models in their own file")


def inline_json(text: str, path: str, problems: Problems) -> JsonValue:
    """JSON that came as text inside the file; {} with a problem noted when it cannot be read."""
    try:
        return _plain(parse_json(text), path, problems)
    except UnreadableError as error:
        problems.add(path, str(error))
    except RecursionError:
        problems.add(path, "nested too deeply")
    return {}


def _plain(value: object, path: str, problems: Problems) -> JsonValue:
    """The value as dicts, lists, text, numbers, booleans and None; what is none of these is a problem."""
    if isinstance(value, Mapping | list | tuple) and len(value) > MAX_ENTRIES:
        problems.add(path, f"holds {len(value):,} entries; allowed: {MAX_ENTRIES:,}")
        return None
    if isinstance(value, Mapping):
        return _plain_mapping(value, path, problems)
    if isinstance(value, list | tuple):
        return [_plain(part, join(path, index), problems) for index, part in enumerate(value)]
    if isinstance(value, str):
        return _plain_text(value, path, problems)
    if value is None or isinstance(value, bool):
        return value
    return _plain_number(value, path, problems)


def _plain_number(value: object, path: str, problems: Problems) -> JsonValue:
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    kind = type(value).__name__
    problems.add(path, f"must be text, a number, true/false, a list or an object; came {kind}")
    return None


def _plain_mapping(value: Mapping[Any, Any], path: str, problems: Problems) -> dict[str, JsonValue]:
    for key in getattr(value, "repeated", ()):
        problems.add(join(path, str(key)), "this key came more than once; keep one")
    plain = {}
    for key, part in value.items():
        if not isinstance(key, str):
            problems.add(path, f"keys must be text; came {key!r}. Put it in quotes")
            continue
        _plain_text(key, path, problems)
        plain[key] = _plain(part, join(path, key), problems)
    return plain


def _plain_text(text: str, path: str, problems: Problems) -> str:
    # PostgreSQL stores neither of the two, in text or in JSON.
    if "\0" in text:
        problems.add(path, "holds a NUL character; remove it")
    elif any("\ud800" <= char <= "\udfff" for char in text):
        problems.add(path, "holds half of a surrogate pair; write the whole character")
    return text
