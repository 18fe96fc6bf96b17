"""Short words about what has happened, at the foot of the page; read out by screen readers."""

from __future__ import annotations

from dataclasses import dataclass

from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.fields import button
from apps.dashboard.components.trees import Tree

MOST = 4  # more at once nobody reads


@dataclass(frozen=True, slots=True)
class Notice:
    """One of them."""

    no: int
    text: str
    is_bad: bool = False


class Notices:
    """What was said lately. Call everything where the page's document may be changed."""

    def __init__(self) -> None:
        self._shown: tuple[Notice, ...] = ()
        self._count = 0
        self.elements = Elements(_tree(()), css_classes=["notices"]).on_deed(self._on_deed)

    def say(self, text: str, *, is_bad: bool = False) -> None:
        """Show it, until it is closed or others have come."""
        self._count += 1
        self._show((*self._shown, Notice(self._count, text, is_bad))[-MOST:])

    def _on_deed(self, deed: Deed) -> None:
        self._show(tuple(one for one in self._shown if str(one.no) != deed.value))

    def _show(self, notices: tuple[Notice, ...]) -> None:
        self._shown = notices
        self.elements.update(_tree(notices))


def _tree(notices: tuple[Notice, ...]) -> Tree:
    lines = [
        h(
            "li",
            h("span", one.text),
            button("✕", act="close", value=str(one.no), cls="quiet", aria_label="Close this message"),
            cls="bad" if one.is_bad else "",
            data_key=one.no,
        )
        for one in notices
    ]
    return h("ol", *lines, cls="notices", aria_live="polite")
