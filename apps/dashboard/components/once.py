"""A secret at the one moment when it can be read, with a button that copies it."""

from __future__ import annotations

from apps.dashboard.components.dialogs import CLOSE
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons
from apps.dashboard.components.trees import Tree


def once_dialog(title: str, *body: Tree | None, label: str, text: str = "", place: str = "") -> Tree:
    """A dialog that shows a secret.

    Args:
        label: What it is, for screen readers: "Token", "Sign-in link".
        text: The secret itself; or
        place: A place of ours that holds it, "/welcome#SECRET": shown as a link with the origin that the browser is on.
    """
    return h(
        "dialog",
        h("h2", title, id="dialog-title"),
        *body,
        copied_field(label, text=text, place=place),
        h("p", "It is shown this once and kept nowhere; copy it now.", cls="about"),
        buttons(button("Done", act=CLOSE, cls="main")),
        data_shown=True,
        data_cancel=CLOSE,
        aria_labelledby="dialog-title",
    )


def copied_field(label: str, *, text: str = "", place: str = "") -> Tree:
    """The secret in a field, and the button beside it."""
    field = h(
        "input",
        type="text",
        id="once",
        readonly=True,
        aria_label=label,
        value=text or None,
        data_place=place or None,
        spellcheck="false",
        autocomplete="off",
    )
    return h("div", field, button("Copy", data_copy="once", aria_live="polite"), cls="once")
