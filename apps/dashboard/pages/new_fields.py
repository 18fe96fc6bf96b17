"""Fields of the form for a new experiment: what the draft says at a place, and what is wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.dashboard.components.elements import Attribute, h
from apps.dashboard.components.fields import button, checkbox, select_field, text_field
from apps.dashboard.components.trees import Tree
from apps.dashboard.draft_values import in_field
from apps.dashboard.drafts import NAMED, Draft, complaint_at
from nntracker_ray.errors import BadInputError
from nntracker_ray.models.catalog import Catalog, Signature, resolve_name

# Arguments that have a field of their own, or that mean nothing to people.
HIDDEN = {
    "optimizers": {"name", "learning_rate"},
    "loss_functions": {"name", "dtype"},
    "extra_metrics": {"dtype"},
}


@dataclass(frozen=True)
class Form:
    """What every field needs to know."""

    draft: Draft
    wrong: Mapping[str, str]  # by place

    def text(self, place: str, label: str, *, hint: str = "", **attributes: Attribute) -> Tree:
        """One value, as text."""
        return text_field(
            place,
            label,
            in_field(place, self.draft.value(place)),
            hint=hint,
            wrong=complaint_at(self.wrong, place),
            data_act=f"set:{place}",
            autocomplete="off",
            **attributes,
        )

    def number(self, place: str, label: str, default: object = "", *, hint: str = "") -> Tree:
        """One number; what happens without it stands in it faintly."""
        return self.text(place, label, hint=hint, inputmode="decimal", placeholder=str(default), cls="short")

    def choice(
        self, place: str, label: str, options: Iterable[tuple[str, str]], *, hint: str = "", default: str = ""
    ) -> Tree:
        """One of several; what the draft says is among them, whatever it says."""
        value = in_field(place, self.draft.value(place)) or default
        listed = list(options)
        if value and value not in [key for key, _ in listed]:
            listed.append((value, value))
        return select_field(
            place,
            label,
            listed,
            value,
            hint=hint,
            wrong=complaint_at(self.wrong, place),
            data_act=f"set:{place}",
        )

    def flag(self, place: str, label: str) -> Tree:
        """Yes or no."""
        return checkbox(label, checked=bool(self.draft.value(place)), act=f"set:{place}", value="yes")


def named_list(form: Form, kind: str, title: str, catalog: Catalog) -> Tree:
    """Optimizers, losses or metrics: each with its arguments, one more, one less."""
    known = offered(kind, catalog)
    entries = form.draft.entries(kind)
    own = form.wrong.get(kind, "")
    lines = [_entry(form, kind, index, name, conf, known) for index, (name, conf) in enumerate(entries)]
    word = NAMED[kind].replace("_", " ")
    return h(
        "fieldset",
        h("legend", title),
        h("p", own, cls="wrong", role="alert") if own else None,
        h("p", "Adam, unless others are chosen.", cls="about")
        if kind == "optimizers" and not entries
        else None,
        *lines,
        _one_more(kind, word, known, first=not entries),
        cls="named-list",
        data_key=kind,
    )


def offered(kind: str, catalog: Catalog) -> Mapping[str, Signature]:
    """What the installed Keras has of this kind, by class name."""
    return {
        "optimizers": catalog.optimizers,
        "loss_functions": catalog.losses,
        "extra_metrics": catalog.metrics,
    }[kind]


def _one_more(kind: str, word: str, known: Mapping[str, Signature], *, first: bool) -> Tree:
    begin = (
        f"Choose a {word} …"
        if first and kind != "optimizers"
        else f"Add a{'n' if word[0] == 'o' else ''} {word} …"
    )
    options = [h("option", begin, value=""), *(h("option", name, value=name) for name in sorted(known))]
    return h(
        "select", *options, value="", data_act=f"add:{kind}", data_once=True, aria_label=begin, cls="one-more"
    )


def _entry(
    form: Form,
    kind: str,
    index: int,
    name: str,
    conf: Mapping[str, object],
    known: Mapping[str, Signature],
) -> Tree:
    place = f"{kind}.{index}"
    signature = _signature(name, known)
    shown = signature.name if signature else name
    names = sorted({*known, shown})
    choice = h(
        "select",
        *(h("option", each, value=each, selected=True if each == shown else None) for each in names),
        value=shown,
        data_act=f"rename:{place}",
        aria_label=f"{NAMED[kind]} {index + 1}".replace("_", " "),
    )
    wrong = form.wrong.get(place) or form.wrong.get(f"{place}.{NAMED[kind]}") or ""
    return h(
        "div",
        h(
            "div",
            choice,
            h("span", ", ".join(f"{key} {value}" for key, value in conf.items()), cls="about given"),
            button(
                "Remove", act=f"remove:{kind}", value=str(index), cls="quiet", aria_label=f"Remove {shown}"
            ),
            cls="entry-head",
        ),
        h("p", wrong, cls="wrong", role="alert") if wrong else None,
        _arguments(form, kind, place, conf, signature),
        cls="entry",
        data_key=f"{place}-{shown}",
    )


def _arguments(
    form: Form, kind: str, place: str, conf: Mapping[str, object], signature: Signature | None
) -> Tree | None:
    optional = signature.optional if signature else {}
    required = signature.required if signature else ()
    names: Sequence[str] = [
        *required,
        *(name for name in [*optional, *conf] if name not in HIDDEN[kind] or name in conf),
    ]
    if not names:
        return None
    fields = [
        form.text(f"{place}.conf.{name}", name, placeholder=_default(name, optional))
        for name in dict.fromkeys(names)
    ]
    is_wrong = bool(complaint_at(form.wrong, f"{place}.conf"))
    return h(
        "details",
        h("summary", "Arguments"),
        h("div", *fields, cls="fields narrow"),
        open=True if is_wrong or required else None,
        cls="arguments",
    )


def _default(name: str, optional: Mapping[str, object]) -> str:
    return json.dumps(optional[name]) if name in optional else "required"


def _signature(name: str, known: Mapping[str, Signature]) -> Signature | None:
    try:
        return known[resolve_name("name", name, known)]
    except BadInputError:
        return None
