"""Rows of the list as drawn last: at a change most of them stay as they are, and cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from apps.dashboard.components.trees import Tree

MOST_KEPT = 1_000  # of ten pages that one has turned


class DrawnRows:
    """One visitor's."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[tuple[Any, ...], Tree]] = {}

    def row(self, run_id: UUID, made_of: tuple[Any, ...], draw: Callable[[], Tree]) -> Tree:
        """The very tree of before, where what it is made of is equal: then nobody looks into it for changes either."""
        known = self._known.get(run_id)
        if known is not None and known[0] == made_of:
            return known[1]
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        tree = draw()
        self._known[run_id] = made_of, tree
        return tree
