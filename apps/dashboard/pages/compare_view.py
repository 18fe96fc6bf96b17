"""What a comparison shows beside its chart, as markup worked out from plain records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from apps.dashboard import words
from apps.dashboard.compare_charts import Drawing, Key, last_finite
from apps.dashboard.compare_place import Kind, View
from apps.dashboard.compare_reader import Found, Offer
from apps.dashboard.components.elements import h
from apps.dashboard.components.swatch import swatch
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.compare_bars import (
    KIND_WORDS,
    look_bar,
    offer_list,
    search_field,
    subjects_bar,
    view_bar,
)
from apps.dashboard.pages.run_parts import message
from nntracker_ray.comparing import Difference, WeightDifference
from nntracker_ray.figures.comparison_lines import Group

RULES = {
    View.LINES: "Runs are laid side by side from their beginning; a fork's line begins with what it inherited.",
    View.GROUPS: "Runs are aligned by epoch. Each epoch is over the runs that have a finite value there, whatever "
    "their age; their number is in the table and under the pointer.",
    View.FOLDS: "The folds and repeats of one configuration: mean and sample deviation (n - 1), epoch by epoch, "
    "over the runs that have a finite value there.",
    View.DIFFERENCE: "The left side minus the right one, epoch by epoch, where both have a value; of several runs "
    "their mean.",
    View.PARAMETERS: "A line or point for each run: what it was given, and the last value of the metric.",
    View.WEIGHTS: "Element by element, at the epochs at which both runs were captured.",
}
CROSSES = (
    "Crosses at the lower edge mark values that are not finite, and on a log scale those not above 0; "
    "there the lines have gaps."
)


def top_view(found: Found, offers: Sequence[Offer], search: str, *, title: Tree | None) -> Tree:
    """What is compared and how."""
    if not found.members and not found.problem:
        return _empty(offers, search, title)
    return h(
        "div",
        title,
        subjects_bar(found.members, offers, search),
        view_bar(found.place.shown_view),
        look_bar(found),
        h("p", found.problem, cls="wrong", role="alert") if found.problem else None,
    )


def below_view(found: Found, drawing: Drawing | None) -> Tree:
    """Legend, rule and numbers."""
    if not found.members or found.problem:
        return h("div")
    said = _what_to_do(found, drawing)
    rule = RULES[found.place.shown_view]
    parts = [
        _legend(drawing.keys) if drawing and drawing.keys else None,
        h("p", said, cls="hint", role="status") if said else None,
        h("p", rule, " ", CROSSES if drawing else "", cls="about rule"),
        *_numbers(found, drawing),
    ]
    return h("div", *parts, cls="below")


def _empty(offers: Sequence[Offer], search: str, title: Tree | None) -> Tree:
    if not offers and not search:
        return message(
            "Nothing to compare yet", "Runs appear here once an experiment trains.",
            h("p", h("a", "Make an experiment", href="/new", cls="main-link")), cls="empty",
        )  # fmt: skip
    kinds = [_offers_of(kind, offers) for kind in (Kind.TAG, Kind.EXPERIMENT, Kind.RUN)]
    listed = (
        h("div", *kinds, cls="offers-by-kind")
        if offers
        else h("p", "Nothing has this in its name.", cls="about")
    )
    said = "Choose a tag, an experiment or a run; then add what to compare it with."
    return h("div", title, h("section", h("p", said), search_field(search), listed, cls="card"))


def _offers_of(kind: Kind, offers: Sequence[Offer]) -> Tree | None:
    found = [offer for offer in offers if offer.subject.kind is kind]
    if not found:
        return None
    heading = f"{KIND_WORDS[kind].capitalize()}s"
    return h("section", h("h2", heading), h("ul", *offer_list(found), cls="offers"), data_key=kind.value)


def _what_to_do(found: Found, drawing: Drawing | None) -> str:
    view = found.place.shown_view
    if view in (View.DIFFERENCE, View.WEIGHTS) and (found.left is None or found.minus is None):
        return "Choose what to subtract, or add a second run, tag or experiment."
    if view is View.WEIGHTS and found.weights is None:
        return "Choose two runs that have captured an array of one name and shape."
    if not found.rows:
        return "Nothing of this is there, or not for you to see."
    if not found.metric:
        return "No run has reported a metric yet; lines appear here while they train."
    waiting = len(found.rows) - len(found.parameters.run_ids) if found.parameters else 0
    if drawing is None:
        return (
            f"{words.plural(waiting, 'run')} without a value of {found.metric} not drawn." if waiting else ""
        )
    left_out = (
        (drawing.left_out, "further run", "groups take all"),
        (drawing.groups_left_out, "further group", "narrow it down to see them"),
    )
    said = [f"{words.plural(count, noun)} not drawn; {what}." for count, noun, what in left_out if count]
    if drawing.missing:
        first = ", ".join(drawing.missing[:3]) + (" …" if len(drawing.missing) > 3 else "")
        said.append(f"No values of {found.metric}: {first}.")
    return " ".join(said)


def _legend(keys: Sequence[Key]) -> Tree:
    lines = [
        h(
            "li",
            h(
                "button",
                swatch(key.color, key.dash),
                h("span", key.name),
                h("span", key.about, cls="about"),
                type="button",
                data_act="toggle",
                data_value=key.name,
                aria_pressed="false" if key.is_hidden else "true",
                title="Draw it" if key.is_hidden else "Leave it out",
            ),
            h("a", "open", href=key.href, cls="quiet-link", aria_label=f"Open {key.name}")
            if key.href
            else None,
            data_key=key.name,
        )
        for key in keys
    ]
    return h("ul", *lines, cls="legend", aria_label="What is drawn")


def _numbers(found: Found, drawing: Drawing | None) -> list[Tree]:
    if drawing is not None and drawing.groups:
        return [_group_table(drawing.groups)]
    if drawing is not None and drawing.difference is not None:
        return [_difference_facts(found, drawing.difference)]
    if found.parameters is not None and found.parameters.common:
        said = ", ".join(
            f"{name} {value}" for name, value in found.parameters.common.items() if value is not None
        )
        return [h("p", h("b", "The same in all: "), said, cls="about")]
    if found.weights is not None:
        return [_weight_table(found.weights, found.common_captures)]
    return []


def _group_table(groups: Sequence[Group]) -> Tree:
    lines = [_group_line(group) for group in groups]
    titles = ("Group", "Epoch", "Runs", "Mean", "Std", "Median", "Least", "Greatest", "Left out")
    table = _table(titles, lines)
    title = h("h2", "At the last epoch ", h("span", "that any run of the group has", cls="about"))
    return h("section", title, table, cls="card")


def _group_line(group: Group) -> Tree:
    found = group.aggregate
    last = len(found.epochs) - 1
    # A single run has no deviation.
    std = float(found.std[last]) if found.count[last] > 1 else None
    rest = (found.median, found.minimum, found.maximum)
    values = [float(found.mean[last]), std, *(float(v[last]) for v in rest)]
    lost = int(found.lost.sum())
    cells = [
        f"{found.epochs[last]}",
        f"{found.count[last]}",
        *map(words.number, values),
        str(lost or words.NOTHING),
    ]
    return h(
        "tr",
        h("th", group.name, scope="row"),
        *(h("td", cell, cls="num") for cell in cells),
        data_key=group.name,
    )


def _difference_facts(found: Found, difference: Difference) -> Tree:
    finite = difference.values[np.isfinite(difference.values)]
    sides = f"{found.left.title if found.left else ''} minus {found.minus.title if found.minus else ''}"
    numbers = [
        ("Last", last_finite(difference.values)),
        ("Mean", float(finite.mean()) if len(finite) else None),
        ("Least", float(finite.min()) if len(finite) else None),
        ("Greatest", float(finite.max()) if len(finite) else None),
    ]
    facts = [(name, words.number(value)) for name, value in numbers]
    facts += [
        (
            "Epochs",
            _epochs_of(difference),
        )
    ]
    pairs = [part for name, value in facts for part in (h("dt", name), h("dd", value))]
    return h("section", h("h2", sides), h("dl", *pairs), cls="card")


def _epochs_of(difference: Difference) -> str:
    common, left, right = len(difference.epochs), difference.only_left, difference.only_right
    return f"{common:,} common, {left:,} only left, {right:,} only right"


def _weight_table(weights: WeightDifference, captures: int) -> Tree:
    shown = f", {len(weights.epochs)} of {captures} shown" if captures > len(weights.epochs) else ""
    lines = [
        h(
            "tr",
            h("th", str(int(epoch)), cls="num", scope="row"),
            *(
                h("td", words.number(float(v[place])), cls="num")
                for v in (weights.norm, weights.relative, weights.minimum, weights.maximum)
            ),
            h("td", str(int(weights.lost[place]) or words.NOTHING), cls="num"),
        )
        for place, epoch in enumerate(weights.epochs)
    ]
    table = _table(("Epoch", "L2 norm", "Relative", "Least", "Greatest", "Not finite"), lines)
    title = h("h2", "By capture ", h("span", words.plural(captures, "common capture") + shown, cls="about"))
    return h("section", title, table, cls="card")


def _table(titles: Sequence[str], lines: Sequence[Tree]) -> Tree:
    head = h(
        "thead",
        h(
            "tr",
            *(h("th", title, cls="num" if place else "", scope="col") for place, title in enumerate(titles)),
        ),
    )
    table = h("table", head, h("tbody", *lines), cls="numbers")
    return h("div", table, cls="scroll", tabindex=0, role="region", aria_label="Numbers")
