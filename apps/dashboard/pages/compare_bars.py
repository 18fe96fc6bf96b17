"""Above a comparison: what is compared, in which way, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from apps.dashboard import words
from apps.dashboard.compare_place import ComparePlace, Kind, Subject, View
from apps.dashboard.compare_reader import Found, Member, Offer
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, checkbox, segmented
from apps.dashboard.components.trees import Tree
from nntracker_ray.comparing import Axis
from nntracker_ray.figures.comparison_lines import Statistic

VIEWS = (
    (View.LINES, "Lines"), (View.GROUPS, "Groups"), (View.FOLDS, "Folds"), (View.DIFFERENCE, "Difference"),
    (View.PARAMETERS, "Parameters"), (View.WEIGHTS, "Weights"),
)  # fmt: skip
STATISTICS = (
    (Statistic.MEAN, "mean"), (Statistic.MEDIAN, "median"), (Statistic.SPREAD, "± std"),
    (Statistic.RANGE, "min and max"),
)  # fmt: skip
AXES = ((Axis.EPOCH, "Epoch"), (Axis.STEP, "Step"), (Axis.TIME, "Time"))
KIND_WORDS = {Kind.RUN: "run", Kind.TAG: "tag", Kind.EXPERIMENT: "experiment"}
MOST_SIDES = 200  # runs that one may choose from for a side of a difference


def subjects_bar(members: Sequence[Member], offers: Sequence[Offer], search: str) -> Tree:
    """What is compared, each with a way to take it out, and what could be added."""
    chips = [_chip(member) for member in members]
    return h("div", *chips, _add_menu(offers, search), cls="subjects", data_key="subjects")


def view_bar(view: View) -> Tree:
    """The ways of comparing."""
    return h("div", segmented("view", "Way of comparing", VIEWS, view), cls="views", data_key="views")


def look_bar(found: Found) -> Tree:
    """What suits the way of comparing: metric, axis, scale, smoothing, sides."""
    place, view = found.place, found.place.shown_view
    parts: dict[View, list[Tree | None]] = {
        View.LINES: [
            _metrics(found),
            segmented("axis", "Axis", AXES, place.axis),
            _log(place),
            _smoothing(place),
        ],
        View.GROUPS: [_metrics(found), *_statistics(place), _members(place), _log(place)],
        View.FOLDS: [_metrics(found), *_statistics(place), _members(place), _log(place)],
        View.DIFFERENCE: [*_sides(found), _metrics(found), _smoothing(place)],
        View.PARAMETERS: [_metrics(found, "Result"), _parameters(found)],
        View.WEIGHTS: [*_sides(found, only_runs=True), _arrays(found)],
    }
    return h(
        "div",
        *parts[view],
        cls="filters look",
        role="group",
        aria_label="How it is drawn",
        data_key=f"look {view}",
    )


def offer_list(offers: Sequence[Offer]) -> list[Tree]:
    """A button for each thing that could be compared."""
    return [
        h(
            "li",
            h(
                "button",
                h("span", offer.title, cls="offered"),
                h("span", offer.about, cls="about"),
                type="button",
                data_act="add",
                data_value=str(offer.subject),
            ),
            data_key=str(offer.subject),
        )
        for offer in offers
    ]


def search_field(search: str) -> Tree:
    """Where one says what to look for."""
    return h(
        "input",
        type="search",
        value=search,
        placeholder="Search tags, experiments and runs",
        aria_label="Search tags, experiments and runs to compare",
        data_act="search",
        data_live=True,
        spellcheck="false",
        cls="search",
    )


def _chip(member: Member) -> Tree:
    subject = member.subject
    about = KIND_WORDS[subject.kind]
    if subject.kind is not Kind.RUN:
        about = f"{about}, {words.plural(len(member.rows), 'run')}"
    elif not member.rows:
        about = "no such run"
    take_out = button(
        "✕", act="remove", value=str(subject), cls="quiet", aria_label=f"Take out {member.title}"
    )
    return h(
        "span",
        h("b", member.title),
        h("span", about, cls="about"),
        take_out,
        cls="subject",
        data_key=str(subject),
    )


def _add_menu(offers: Sequence[Offer], search: str) -> Tree:
    listed = offer_list(offers) or [h("li", h("span", "Nothing has this in its name", cls="about"))]
    return h(
        "details",
        h("summary", "Add …"),
        h("ul", h("li", search_field(search), data_key="search"), *listed),
        cls="menu wide add",
        data_menu=True,
        data_key="add",
    )


def _metrics(found: Found, label: str = "Metric") -> Tree | None:
    if not found.metrics:
        return None
    return _select("metric", label, [(name, name) for name in found.metrics], found.metric)


def _statistics(place: ComparePlace) -> list[Tree]:
    return [
        checkbox(text, checked=one in place.statistics, act="statistic", value=one)
        for one, text in STATISTICS
    ]


def _members(place: ComparePlace) -> Tree:
    return checkbox("single runs", checked=place.members, act="members")


def _log(place: ComparePlace) -> Tree:
    return checkbox("log scale", checked=place.log, act="log")


def _smoothing(place: ComparePlace) -> Tree:
    slider = h(
        "input", type="range", min="0", max="0.99", step="0.01", value=f"{place.smoothing:g}",
        data_act="smooth", data_live=True, aria_label="Smoothing",
    )  # fmt: skip
    said = h("span", f"{place.smoothing:.2f}" if place.smoothing else "off", cls="num")
    return h("label", h("span", "Smoothing"), slider, said, cls="slider")


def _sides(found: Found, *, only_runs: bool = False) -> list[Tree]:
    options = side_options(found, only_runs=only_runs)
    sides = (("left", "", found.left), ("minus", "minus", found.minus))
    return [
        _select(
            act,
            label,
            [("", "choose …"), *options] if side is None else options,
            str(side.subject) if side else "",
        )
        for act, label, side in sides
    ]


def side_options(found: Found, *, only_runs: bool = False) -> list[tuple[str, str]]:
    """What can stand on a side of a difference: the subjects, and every run of theirs."""
    whole = [member for member in found.members if member.subject.kind is not Kind.RUN and not only_runs]
    groups = [(str(one.subject), f"mean of {KIND_WORDS[one.subject.kind]} {one.title}") for one in whole]
    runs = [(str(Subject(Kind.RUN, str(row.run_id))), f"{row.name} (run {row.run_no})") for row in found.rows]
    chosen = [(str(s.subject), s.title) for s in (found.left, found.minus) if s is not None]
    known = dict(reversed([*groups, *runs[:MOST_SIDES], *chosen]))
    return [
        (key, known[key]) for key in dict.fromkeys(key for key, _ in [*groups, *runs[:MOST_SIDES], *chosen])
    ]


def _parameters(found: Found) -> Tree | None:
    if found.parameters is None:
        return None
    options = [("", "side by side"), *((name, f"against {name}") for name in found.parameters.columns)]
    return _select("parameter", "Parameters", options, found.place.parameter)


def _arrays(found: Found) -> Tree | None:
    if not found.arrays:
        return None
    return _select("array", "Array", [(name, name) for name in found.arrays], found.place.array)


def _select(act: str, label: str, options: Sequence[tuple[str, str]], value: str) -> Tree:
    choices = [h("option", text, value=key, selected=True if key == value else None) for key, text in options]
    said = {"minus": "What is subtracted", "left": "What it is subtracted from"}.get(act, label)
    control = h("select", *choices, value=value, aria_label=said, data_act=act)
    return h("label", h("span", label) if label else None, control, cls="labelled", data_key=act)
