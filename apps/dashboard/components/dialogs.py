"""Dialogs: a question above the page that must be answered before going on."""

from __future__ import annotations

from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons
from apps.dashboard.components.trees import Tree

CLOSE = "close-dialog"  # the act of closing one without an answer

NO_DIALOG: Tree = h("div", cls="no-dialog")


def dialog(
    title: str,
    *body: Tree | None,
    act: str,
    value: str = "",
    confirm: str,
    danger: bool = False,
    wrong: str = "",
    busy: bool = False,
) -> Tree:
    """A question with an answer and a way out; Escape is the way out too.

    Args:
        act: What the page hears when it is confirmed, with the fields of `body`.
        confirm: What the button says: a verb and what it is done to, never "OK".
        danger: Whether something will be lost.
        wrong: Why it could not be done, after a first try.
        busy: Whether it is being done now.
    """
    answer = h(
        "button",
        "One moment …" if busy else confirm,
        type="submit",
        value=value,
        disabled=True if busy else None,
        cls="danger" if danger else "main",
    )
    form = h(
        "form",
        h("h2", title, id="dialog-title"),
        *body,
        h("p", wrong, cls="wrong", role="alert") if wrong else None,
        buttons(button("Cancel", act=CLOSE), answer),
        data_act=act,
        method="dialog",
    )
    return h("dialog", form, data_shown=True, data_cancel=CLOSE, aria_labelledby="dialog-title")
