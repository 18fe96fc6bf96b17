"""Questions that the list of runs asks before it acts."""

from __future__ import annotations

from collections.abc import Sequence

from apps.dashboard import words
from apps.dashboard.components.dialogs import dialog
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import text_field
from apps.dashboard.components.trees import Tree
from nntracker_ray.storage.work_queries import DeletionCost

SHOWN = 8  # names that a dialog lists


def delete_dialog(costs: Sequence[DeletionCost], names: Sequence[str]) -> Tree:
    """Says what will be lost."""
    captures = sum(one.captures for one in costs)
    points = sum(one.metric_points for one in costs)
    size = sum(one.captured_bytes + one.checkpoint_bytes for one in costs)
    forks = sum(one.forks for one in costs)
    what = names[0] if len(names) == 1 else words.plural(len(names), "run")
    lost = [
        f"{words.plural(points, 'metric point')} and {words.plural(captures, 'capture')}",
        f"{words.plural(round(size / 1e6), 'megabyte')} of weights and checkpoints",
    ]
    return dialog(
        f"Delete {what}?",
        _list_of(names) if len(names) > 1 else None,
        h("p", "This cannot be undone. Lost will be:"),
        h("ul", *(h("li", line) for line in lost)),
        h("p", f"{words.plural(forks, 'run')} forked from them keep what they inherited.") if forks else None,
        h("p", "Runs at work are stopped first.", cls="about"),
        act="delete-for-good",
        confirm=f"Delete {what if len(names) > 1 else 'the run'}",
        danger=True,
    )


def tag_dialog(count: int, known: Sequence[str]) -> Tree:
    """Which tags to put on the selected runs, and which to take off."""
    listed = h("p", "In use: ", ", ".join(known[:20]), cls="about") if known else None
    return dialog(
        f"Tag {words.plural(count, 'run')}",
        text_field("add", "Add", hint="Several with commas between"),
        text_field("remove", "Remove"),
        listed,
        act="give-tags",
        confirm="Change tags",
    )


def _list_of(names: Sequence[str]) -> Tree:
    more = len(names) - SHOWN
    lines = [*names[:SHOWN], *([f"and {more:,} more"] if more > 0 else [])]
    return h("ul", *(h("li", line) for line in lines), cls="names")
