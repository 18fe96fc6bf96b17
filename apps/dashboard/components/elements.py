"""Markup as plain data. Users' words are data too: the browser makes text nodes of them, never markup.

Panel's own Markdown, HTML, Alert and StaticText panes let `<img onerror=...>` through and are not used.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, TypeAlias

import param
from panel.custom import JSComponent

from apps.dashboard.components.trees import Tree, tree_changes

Attribute: TypeAlias = str | int | float | bool | None

_HERE = Path(__file__).parent


def h(tag: str, *children: Tree | None, cls: str = "", **attributes: Attribute) -> Tree:
    """One element; `aria_label` and `data_key` become aria-label and data-key. Children that are None are left out."""
    named = {
        name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value is not None
    }
    if cls:
        named["class"] = cls
    return [
        tag,
        named,
        [child if isinstance(child, list) else str(child) for child in children if child is not None],
    ]


def safe_text(text: object) -> str:
    """Somebody's words for the few places that take HTML (a hover template, a plot's label)."""
    return html.escape(str(text), quote=True)


class Elements(JSComponent):  # type: ignore[misc]
    """A piece of markup; `update` sends the browser only what changed."""

    tree = param.Parameter(default=["div", {}, []], doc="What is shown when the browser draws it first.")

    _esm = _HERE / "elements.js"
    _stylesheets = [(_HERE / "elements.css").read_text(encoding="utf-8")]  # noqa: RUF012  (Panel reads a list)

    def __init__(self, tree: Tree, **params: Any) -> None:
        super().__init__(tree=tree, sizing_mode="stretch_width", margin=0, **params)
        self._shown = tree
        self._drawn = False
        self.on_msg(self._on_drawn)

    def update(self, tree: Tree) -> None:
        """Show this from now on."""
        changes = tree_changes(self._shown, tree)
        self._shown = tree
        # Before the browser has drawn it, nobody there would hear of changes.
        if changes is None or not self._drawn:
            self.tree = tree
        elif changes:
            self._send_msg({"changes": changes})

    def remember_theme(self, *, dark: bool) -> None:
        """Have the browser keep the choice of theme for the next page."""
        self._send_msg({"theme": "dark" if dark else "light"})

    def _on_drawn(self, _message: Any) -> None:
        self._drawn = True
        if self.tree != self._shown:
            self.tree = self._shown
