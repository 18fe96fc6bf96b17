"""Markup as plain data. Users' words are data too: the browser makes text nodes of them, never markup.

Panel's own Markdown, HTML, Alert and StaticText panes let `<img onerror=...>` through and are not used.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import param
from panel.custom import JSComponent

from apps.dashboard.components.trees import Tree, tree_changes

RENAMED = {"cls": "class"}

Attribute: TypeAlias = str | int | float | bool | None

_HERE = Path(__file__).parent
SCRIPTS = (
    "uploads.js",
    "kept.js",
    "times.js",
    "repaints.js",
    "elements.js",
)  # one module in the browser, which cannot import from us


@cache  # a list of a hundred runs has thousands of attributes, of some thirty names
def _attribute(name: str) -> str:
    return RENAMED.get(name) or name.rstrip("_").replace("_", "-")


def h(tag: str, *children: Tree | None, **attributes: Attribute) -> Tree:
    """One element; `aria_label` and `cls` become aria-label and class. Children that are None are left out."""
    named = {
        _attribute(name): value
        for name, value in attributes.items()
        if value is not None and not (name == "cls" and value == "")
    }
    return [
        tag,
        named,
        [child if isinstance(child, list) else str(child) for child in children if child is not None],
    ]


def safe_text(text: object) -> str:
    """Somebody's words for the few places that take HTML (a hover template, a plot's label)."""
    return html.escape(str(text), quote=True)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that a person has done on a page. All of it comes from the browser: check what it says."""

    act: str  # the element's data-act
    value: str = ""  # its data-value, or what a field holds now
    checked: bool | None = None  # of a checkbox
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)  # of a form, by name

    @classmethod
    def of(cls, message: Any) -> Deed | None:
        """Read a message of the browser; None for one that is not of this form."""
        if not isinstance(message, dict) or not isinstance(message.get("act"), str):
            return None
        given = message.get("fields")
        fields = {
            str(name): tuple(map(str, values))
            for name, values in (given.items() if isinstance(given, dict) else ())
            if isinstance(values, list)
        }
        # A checkbox has its own value in `field`; what the browser calls its value is "on".
        value = message.get("field", message.get("value", ""))
        checked = message.get("checked")
        return cls(message["act"], str(value), checked if isinstance(checked, bool) else None, fields)

    def only(self, name: str, default: str = "") -> str:
        """The one value of a form's field."""
        return self.fields.get(name, (default,))[0]


class Elements(JSComponent):  # type: ignore[misc]
    """A piece of markup; `update` sends the browser only what changed, and `on_deed` hears what people do."""

    tree = param.Parameter(default=["div", {}, []], doc="What is shown when the browser draws it first.")

    _esm = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    _stylesheets = [(_HERE / "elements.css").read_text(encoding="utf-8")]  # noqa: RUF012  (Panel reads a list)

    def __init__(self, tree: Tree, **params: Any) -> None:
        super().__init__(tree=tree, sizing_mode="stretch_width", margin=0, **params)
        self._shown = tree
        self._drawn = False
        self._heard: Callable[[Deed], None] = lambda _deed: None
        self.on_msg(self._on_message)

    def on_deed(self, hear: Callable[[Deed], None]) -> Elements:
        """Call `hear` when somebody uses an element that has data-act. Returns itself."""
        self._heard = hear
        return self

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

    def show_place(self, place: str) -> None:
        """Have the address bar say this, without loading anything.

        Args:
            place: Path and query of ours: "/run?id=...&tab=graphs".
        """
        self._send_msg({"place": place})

    def load(self, place: str) -> None:
        """Have the browser go to another page of ours."""
        self._send_msg({"load": place})

    def keep(self, name: str, text: str) -> None:
        """Have the browser keep a text for this tab, also over a reload; '' forgets it.

        A tree whose top has data-kept=name hears it again, by the deed "kept".
        """
        self._send_msg({"keep": {"name": name, "text": text}})

    def _get_model(self, *args: Any, **kwargs: Any) -> Any:
        # Drawn at another place, it begins with what is shown; the changes that led there went to the place before.
        self._drawn = False
        self.tree = self._shown
        return super()._get_model(*args, **kwargs)

    def _on_message(self, event: Any) -> None:
        if (deed := Deed.of(event.data)) is not None:
            self._heard(deed)
            return
        self._drawn = True
        if self.tree != self._shown:
            self.tree = self._shown
