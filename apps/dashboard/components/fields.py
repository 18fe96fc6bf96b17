"""Form fields: a label, the control, what helps, and what is wrong beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.dashboard.components.elements import Attribute, h
from apps.dashboard.components.trees import Tree


def text_field(
    name: str, label: str, value: str = "", *, hint: str = "", wrong: str = "", **attributes: Attribute
) -> Tree:
    """One line of text.

    Args:
        name: Of the field in its form, and the base of its ids.
        hint: What may stand there.
        wrong: What is wrong with what stands there now.
        attributes: Of the input: `type`, `placeholder`, `autocomplete`, `data_act` ...
    """
    control = h(
        "input",
        name=name,
        id=f"field-{name}",
        value=value,
        aria_describedby=_described(name, hint, wrong),
        aria_invalid="true" if wrong else None,
        **{"type": "text", "spellcheck": "false", **attributes},
    )
    return _field(name, label, control, hint, wrong)


def select_field(
    name: str,
    label: str,
    options: Iterable[tuple[str, str]],
    value: str = "",
    *,
    hint: str = "",
    wrong: str = "",
    **attributes: Attribute,
) -> Tree:
    """One of several.

    Args:
        options: (value, what people read), in order.
    """
    choices = [h("option", text, value=key, selected=True if key == value else None) for key, text in options]
    control = h(
        "select",
        *choices,
        name=name,
        id=f"field-{name}",
        aria_describedby=_described(name, hint, wrong),
        **attributes,
    )
    return _field(name, label, control, hint, wrong)


def checkbox(
    label: str | Tree,
    *,
    checked: bool,
    act: str = "",
    value: str = "",
    name: str = "",
    **attributes: Attribute,
) -> Tree:
    """A box to tick; with `act` the page hears of it at once."""
    box = h(
        "input",
        type="checkbox",
        checked=checked,
        data_act=act or None,
        data_value=value or None,
        name=name or None,
        value=value or "yes",
        **attributes,
    )
    return h("label", box, label if isinstance(label, list) else h("span", label), cls="check")


def buttons(*children: Tree | None) -> Tree:
    """The end of a form or dialog."""
    return h("div", *children, cls="buttons")


def button(text: str, *, act: str = "", value: str = "", cls: str = "", **attributes: Attribute) -> Tree:
    """A button; with `act` the page hears of it."""
    kind = {"type": "button", **attributes}
    return h("button", text, data_act=act or None, data_value=value or None, cls=cls, **kind)


def segmented(act: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> Tree:
    """A few choices side by side, one of them pressed."""
    parts = [
        button(text, act=act, value=key, aria_pressed="true" if key == chosen else "false")
        for key, text in options
    ]
    return h("div", *parts, cls="segmented", role="group", aria_label=label)


def _field(name: str, label: str, control: Tree, hint: str, wrong: str) -> Tree:
    return h(
        "div",
        h("label", label, for_=f"field-{name}"),
        control,
        h("small", hint, id=f"hint-{name}") if hint else None,
        h("small", wrong, id=f"wrong-{name}", cls="wrong", role="alert") if wrong else None,
        cls="field",
        data_key=f"field-{name}",
    )


def _described(name: str, hint: str, wrong: str) -> str | None:
    ids = [f"{kind}-{name}" for kind, text in (("hint", hint), ("wrong", wrong)) if text]
    return " ".join(ids) or None
