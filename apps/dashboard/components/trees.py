"""The difference between two trees of markup, so that an update costs as many bytes as it changes."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, TypeAlias

Tree: TypeAlias = Any  # a text, or [tag, {attribute: value}, [Tree, ...]]
Change: TypeAlias = dict[str, Any]
# {"at": path, "attributes": {...}}                     the element at `path` gets these attributes, and no others
# {"at": path, "start": i, "remove": n, "insert": [..]} of its children, n from the i-th on give way to these


def tree_changes(before: Tree, after: Tree, path: Sequence[int] = ()) -> list[Change] | None:
    """What makes `after` of `before`, to be applied in order; None when one cannot become the other.

    Children are matched by their attribute data-key where they have one, by tag otherwise.
    """
    if before == after:
        return []
    if _token(before) != _token(after) or not isinstance(before, list):
        return None
    changes: list[Change] = []
    if before[1] != after[1]:
        changes.append({"at": list(path), "attributes": after[1]})
    return changes + _changed_children(before[2], after[2], path)


def _changed_children(before: list[Tree], after: list[Tree], path: Sequence[int]) -> list[Change]:
    matcher = SequenceMatcher(None, [*map(_token, before)], [*map(_token, after)], autojunk=False)
    inside: list[Change] = []
    splices: list[Change] = []
    for kind, start, stop, new_start, new_stop in matcher.get_opcodes():
        if kind != "equal":
            splices.append(_splice(path, start, stop - start, after[new_start:new_stop]))
            continue
        for index, child in zip(range(start, stop), after[new_start:new_stop], strict=True):
            deeper = tree_changes(before[index], child, (*path, index))
            inside += [_splice(path, index, 1, [child])] if deeper is None else deeper
    # From the end, so that one splice does not move the places of the next.
    return inside + splices[::-1]


def _splice(path: Sequence[int], start: int, remove: int, insert: list[Tree]) -> Change:
    return {"at": list(path), "start": start, "remove": remove, "insert": insert}


def _token(tree: Tree) -> str:
    if not isinstance(tree, list):
        return "text"
    return f"{tree[0]}#{tree[1].get('data-key', '')}"
