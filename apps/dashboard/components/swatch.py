"""A bit of a line, as charts draw it, for legends."""

from __future__ import annotations

from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree

DASHES = {"dashed": "6 3", "dotted": "2 3", "dotdash": "2 3 6 3", "dashdot": "6 3 2 3"}  # "solid" has none


def swatch(color: str, dash: str) -> Tree:
    """As wide as a word's beginning; whoever cannot see it reads the name beside it."""
    line = {"x1": 0, "y1": 5, "x2": 22, "y2": 5, "stroke": color, "stroke-width": 2.6}
    tree: Tree = ["line", {**line, **({"stroke-dasharray": DASHES[dash]} if dash in DASHES else {})}, []]
    return h("svg", tree, viewBox="0 0 22 10", width=22, height=10, aria_hidden="true", cls="swatch")
