"""JSON and YAML text to values, safely.

YAML is read by the 1.2 core schema (`1e-3` is a number, `on` and `no` are text, `010` is ten): YAML 1.1 readers
turn a learning rate into text without a word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import yaml

MAX_VALUES = 100_000  # after YAML aliases are followed
MAX_YAML = 200_000  # characters; its reader needs seconds for as many


class UnreadableError(Exception):
    """The text as a whole cannot be used."""


class RememberingDict(dict[Any, Any]):
    """A mapping that remembers which of its keys came more than once."""

    repeated: tuple[object, ...] = ()

    @classmethod
    def of(cls, pairs: Sequence[tuple[Any, Any]]) -> RememberingDict:
        """A mapping from the pairs in file order."""
        made = cls(pairs)
        if len(made) < len(pairs):
            times = Counter(key for key, _ in pairs)
            made.repeated = tuple(key for key in made if times[key] > 1)
        return made


def parse_json(text: str) -> object:
    """JSON to values whose repeated keys are remembered. Raises: UnreadableError."""
    try:
        return json.loads(text, object_pairs_hook=RememberingDict.of)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableError(f"is not JSON: {error.msg} at {where}") from error
    except ValueError as error:
        raise UnreadableError(f"is not usable JSON: {error}") from error


class YamlLoader(yaml.SafeLoader):
    """YAML 1.2 core schema: scalars, lists and mappings, nothing else."""


def parse_yaml(text: str) -> object:
    """YAML 1.2 (core schema) to values whose repeated keys are remembered. Raises: UnreadableError."""
    if len(text) > MAX_YAML:
        raise UnreadableError(
            f"longer than {MAX_YAML:,} characters of YAML; write JSON, which is read faster"
        )
    loader = None
    try:
        loader = YamlLoader(text)
        node = loader.get_single_node()
        _refuse_expansion(node)
        return None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UnreadableError(f"is not YAML: {error.problem or error.context}{where}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(f"is not usable YAML: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_expansion(root: yaml.Node | None) -> None:
    """Refuse aliases that form a circle, or that unfold a small file into a huge tree ("billion laughs")."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size_of(node: yaml.Node) -> int:
        key = id(node)
        if key in open_nodes:
            raise UnreadableError("has an alias that contains itself")
        if key not in sizes:
            open_nodes.add(key)
            sizes[key] = 1 + sum(size_of(child) for child in _children(node))
            open_nodes.discard(key)
        return sizes[key]

    if root is not None and (size := size_of(root)) > MAX_VALUES:
        raise UnreadableError(f"unfolds to {size:,} values through its aliases; allowed: {MAX_VALUES:,}")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _mapping(loader: YamlLoader, node: yaml.Node) -> object:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
    return RememberingDict.of(
        [
            (loader.construct_object(key, deep=True), loader.construct_object(value, deep=True))
            for key, value in node.value
        ]
    )


def _scalar(convert: Callable[[str], object]) -> Callable[[YamlLoader, yaml.Node], object]:
    def construct(_: YamlLoader, node: yaml.Node) -> object:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "expected one value", node.start_mark)
        return convert(str(node.value))

    return construct


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def _float(text: str) -> float:
    special = re.fullmatch(r"([-+]?)\.(inf|nan)", text.lower())
    return float("".join(special.groups())) if special else float(text)


_TAG = "tag:yaml.org,2002:"
_CORE: tuple[tuple[str, str, str, Callable[[str], object]], ...] = (
    ("null", r"~|null|Null|NULL|", "~nN\0", lambda _: None),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text.lower() == "true"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789", _integer),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
        _float,
    ),
)
YamlLoader.yaml_implicit_resolvers = {}
YamlLoader.yaml_constructors = {
    None: yaml.SafeLoader.construct_undefined,
    f"{_TAG}str": _scalar(str),
    f"{_TAG}seq": lambda loader, node: loader.construct_sequence(node, deep=True),
    f"{_TAG}map": _mapping,
}
for _name, _pattern, _first, _convert in _CORE:
    _firsts = ["" if char == "\0" else char for char in _first]
    YamlLoader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _firsts)
    YamlLoader.yaml_constructors[_TAG + _name] = _scalar(_convert)
