"""The keys of a file in one spelling, remembering how each was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nntracker_ray.config.experiment import FILE_SPELLING
from nntracker_ray.config.parts import MAX_FOLDS
from nntracker_ray.config.problems import Problems, join, shown
from nntracker_ray.records import JsonValue

FOLD_COUNT = "k_fold_validation"
_SPELLINGS = {
    "kfold_validation": FOLD_COUNT,
    "kfold_tag": "k_fold_tag",
    "loss_function": "loss_functions",
    "optimizer": "optimizers",
    "learning_rate": "learning_rates",
    "extra_metric": "extra_metrics",
}


@dataclass(frozen=True)
class Spelled:
    """The file's top level under the names of the fields, and the spelling that each key came in."""

    tree: dict[str, JsonValue]
    written: Mapping[str, str]

    def path(self, *place: str | int) -> str:
        """A place in the file as the person wrote it."""
        if not place:
            return ""
        first, *rest = place
        path = self.written.get(str(first), FILE_SPELLING.get(str(first), str(first)))
        for key in rest:
            path = join(path, key)
        return path


def spelled(tree: Mapping[str, JsonValue], fields: Iterable[str], problems: Problems) -> Spelled:
    """Every key in one spelling; unknown ones and two spellings of one key are problems. Null means absent."""
    known = {*fields, FOLD_COUNT}
    found: dict[str, JsonValue] = {}
    written: dict[str, str] = {}
    for key, value in tree.items():
        name = key.replace("-", "_")
        name = _SPELLINGS.get(name, name)
        if name not in known:
            problems.add_unknown_key(key, key, sorted(FILE_SPELLING.get(field, field) for field in known))
        elif name in written:
            problems.add(key, f"says the same as '{written[name]}', which also came; keep one")
        else:
            written[name] = key
            if value is not None:
                found[name] = value
    return Spelled(found, written)


def merge_fold_count(spelling: Spelled, problems: Problems) -> None:
    """Write `k-fold_validation: 2` as `folds: {count: 2}`, the one form used from here on."""
    count = spelling.tree.pop(FOLD_COUNT, None)
    if count is None:
        return
    path = spelling.path(FOLD_COUNT)
    if isinstance(count, bool) or not isinstance(count, int):
        problems.add(path, f"must be a whole number (less than 2: no folds); came {shown(count)}")
        return
    folds = spelling.tree.get("folds", {})
    if not isinstance(folds, dict):
        return
    if folds.get("count", count) != count:
        problems.add(
            path, f"asks for {count} folds, but folds.count for {folds['count']}; keep one of the two"
        )
    elif count > MAX_FOLDS:
        problems.add(path, f"must be at most {MAX_FOLDS}; came {count}")
    elif count >= 2:
        spelling.tree["folds"] = {**folds, "count": count}
    elif folds:
        problems.add(path, f"{count} means no folds, but 'folds' also came; leave one of the two out")
