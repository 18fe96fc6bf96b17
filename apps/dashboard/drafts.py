"""An experiment that somebody is writing: form and file are two views of one of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.dashboard.draft_looks import KEY as LOOKS
from apps.dashboard.draft_looks import entries_of, with_value
from nntracker_ray.config.experiment import FILE_SPELLING, ExperimentConfig
from nntracker_ray.config.problems import Problems
from nntracker_ray.config.reading import read_tree
from nntracker_ray.config.spelling import FOLD_COUNT, spelled
from nntracker_ray.config.writing import as_yaml
from nntracker_ray.errors import Problem
from nntracker_ray.records import JsonValue

# Lists of named Keras objects: the field, and the key of the name inside an entry.
NAMED = {"optimizers": "optimizer", "loss_functions": "loss_function", "extra_metrics": "metric"}


@dataclass(frozen=True)
class Draft:
    """The file as it stands, and what it says by the names of the fields."""

    text: str = ""
    tree: Mapping[str, JsonValue] = field(default_factory=dict)  # by field; as last readable
    written: Mapping[str, str] = field(default_factory=dict)  # field -> the spelling of the file
    trouble: str = ""  # why the text cannot be read at all

    @classmethod
    def of_text(cls, text: str, before: Draft | None = None) -> Draft:
        """From what somebody has written; where it cannot be read, the form keeps showing what was there before."""
        if not text.strip():
            return cls(text)
        problems = Problems()
        tree = read_tree(text, problems)
        if problems.found and not tree:
            last = before or cls()
            return cls(text, last.tree, last.written, str(problems.found[0]))
        found = spelled(tree, ExperimentConfig.model_fields, Problems())
        return cls(text, found.tree, found.written)

    def value(self, path: str) -> JsonValue:
        """What stands at a place, None where nothing does; "folds.count" is also what `k-fold_validation` says."""
        if path == "folds.count" and isinstance(self.tree.get(FOLD_COUNT), int):
            return self.tree[FOLD_COUNT]
        found: Any = self.tree
        for key in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found

    def put(self, path: str, value: JsonValue) -> Draft:
        """The same with another value at a place; None takes what is there away. The text is written anew."""
        if path in self.written and self.value(path) == value:
            return self
        keys = path.split(".")
        if keys[0] in NAMED and len(keys) == 4 and keys[1].isdecimal():
            return self._put_argument(keys[0], int(keys[1]), keys[3], value)
        if keys[0] == LOOKS and len(keys) > 2 and keys[1].isdecimal():
            return self.with_looks(with_value(entries_of(self.tree), int(keys[1]), keys[2:4], value))
        tree = {key: one for key, one in self.tree.items() if not (keys[0] == "folds" and key == FOLD_COUNT)}
        if keys[0] == "folds" and (count := self.value("folds.count")) is not None:
            tree = _put(tree, ["folds", "count"], count)
        return self._of_tree(_put(tree, keys, value))

    def _put_argument(self, kind: str, number: int, argument: str, value: JsonValue) -> Draft:
        entries = [
            (name, _put(conf, [argument], value) if no == number else conf)
            for no, (name, conf) in enumerate(self.entries(kind))
        ]
        return self.with_entries(kind, entries)

    def entries(self, kind: str) -> list[tuple[str, Mapping[str, JsonValue]]]:
        """Name and arguments of the optimizers, losses or metrics."""
        given = self.tree.get(kind)
        listed = given if isinstance(given, list) else [] if given is None else [given]
        return [_named(entry, NAMED[kind]) for entry in listed]

    def with_entries(self, kind: str, entries: Sequence[tuple[str, Mapping[str, JsonValue]]]) -> Draft:
        """The same with other optimizers, losses or metrics."""
        word = NAMED[kind]
        listed = [{word: name, "conf": dict(conf)} if conf else name for name, conf in entries]
        return self.put(kind, listed or None)

    def with_looks(self, entries: Sequence[JsonValue]) -> Draft:
        """The same with other presets and metrics of the inside."""
        return self.put(LOOKS, list(entries) or None)

    def _of_tree(self, tree: Mapping[str, JsonValue]) -> Draft:
        spelling = {
            key: self.written.get(key, FILE_SPELLING.get(key, key)) for key in _in_order(tree, self.tree)
        }
        text = as_yaml({name: tree[key] for key, name in spelling.items()})
        return Draft(text, tree, spelling)


def complaints(problems: Sequence[Problem], draft: Draft) -> dict[str, str]:
    """What is wrong by place, as forms name places: "optimizers.0.conf.momentum"."""
    fields = {name: key for key, name in {**FILE_SPELLING, **draft.written}.items()}
    fields |= {"k-fold_validation": "folds.count", "k_fold_validation": "folds.count"}
    found: dict[str, str] = {}
    for problem in problems:
        dotted = problem.path.replace("[", ".").replace("]", "")
        first, dot, rest = dotted.partition(".")
        place = fields.get(first, first) + dot + rest
        found[place] = f"{found[place]}; {problem.message}" if place in found else problem.message
    return found


def complaint_at(found: Mapping[str, str], place: str) -> str:
    """What is wrong at a place or inside it; '' if nothing is."""
    inside = [message for where, message in found.items() if where == place or where.startswith(f"{place}.")]
    return "; ".join(inside)


def _in_order(tree: Mapping[str, JsonValue], before: Mapping[str, JsonValue]) -> list[str]:
    """Keys that were there stay where they are; new ones follow in the order of the manual."""
    kept = [key for key in before if key in tree]
    order = [*ExperimentConfig.model_fields, FOLD_COUNT]
    new = sorted((key for key in tree if key not in before), key=order.index)
    if not kept:
        return new
    return [*kept, *new]


def _named(entry: JsonValue, word: str) -> tuple[str, Mapping[str, JsonValue]]:
    if isinstance(entry, Mapping):
        conf = entry.get("conf")
        return str(entry.get(word) or ""), conf if isinstance(conf, Mapping) else {}
    return str(entry), {}


def _put(given: JsonValue, keys: Sequence[str], value: JsonValue) -> dict[str, JsonValue]:
    """A copy with the value at the place; objects that become empty go too."""
    first, *rest = keys
    new = dict(given) if isinstance(given, Mapping) else {}
    if rest:
        value = _put(new.get(first), rest, value) or None
    if value is None:
        new.pop(first, None)
    else:
        new[first] = value
    return new
