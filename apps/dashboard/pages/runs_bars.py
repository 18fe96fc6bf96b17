"""Above the list of runs: search, filters, order; below it: what to do with the runs that are selected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from apps.dashboard import words
from apps.dashboard.compare_place import MOST_SUBJECTS
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, checkbox
from apps.dashboard.components.trees import Tree
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.commands import Verb
from nntracker_ray.records import RunState
from nntracker_ray.run_lists import RunColumn, RunOrder

ORDERS = {
    str(RunOrder()): "Newest first",
    str(RunOrder(RunColumn.NAME)): "Name",
    str(RunOrder(RunColumn.STATE)): "State",
    str(RunOrder("metric:val_accuracy", descending=True)): "Best validation accuracy",
    str(RunOrder("metric:val_loss")): "Least validation loss",
    str(RunOrder(RunColumn.DURATION, descending=True)): "Longest",
    str(RunOrder(RunColumn.STARTED, descending=True)): "Latest start",
}
MOST_DOWNLOADED = 200
BULK = ((Verb.PAUSE, "Pause"), (Verb.RESUME, "Resume"), (Verb.STOP, "Stop"), (Verb.RERUN, "Train again"))


def filter_bar(place: RunsPlace, tags: Sequence[str]) -> Tree:
    """Search, states, tag and order; what is set can be taken away in one go."""
    return h(
        "div",
        h(
            "input",
            type="search",
            value=place.search,
            placeholder="Search names and tags",
            aria_label="Search names and tags",
            data_act="search",
            data_live=True,
            spellcheck="false",
            cls="search",
        ),
        _states(place),
        _tags(place, tags),
        _orders(place),
        h("a", "Show all", href="/", data_act="clear-filters", cls="main-link")
        if place.is_filtered
        else None,
        cls="filters",
        role="search",
    )


def selection_bar(selected: Collection[UUID], total: int) -> Tree:
    """Nothing while nothing is selected; then what can be done with it, within reach of the thumb."""
    if not selected:
        return h("div", cls="selection-bar none")
    more = total > len(selected)
    return h(
        "div",
        h("b", f"{words.plural(len(selected), 'run')} selected", cls="num"),
        button(f"Select all {total:,}", act="select-all", cls="quiet") if more else None,
        button("None", act="select-none", cls="quiet"),
        h("span", cls="stretch"),
        *(button(text, act=f"bulk-{verb}", data_single=True) for verb, text in BULK),
        button("Tag …", act="bulk-tag"),
        button(_compare_words(len(selected)), act="bulk-compare"),
        _download(selected),
        button("Delete …", act="bulk-delete", cls="danger-quiet"),
        cls="selection-bar",
        role="region",
        aria_label="Selected runs",
    )


def _compare_words(selected: int) -> str:
    return "Compare" if selected <= MOST_SUBJECTS else f"Compare {MOST_SUBJECTS} of them"


def _download(selected: Collection[UUID]) -> Tree | None:
    """One archive of all; of more than an address can hold each experiment has its own."""
    if len(selected) > MOST_DOWNLOADED:
        return None
    runs = "&".join(f"run={run_id}" for run_id in sorted(selected, key=str))
    return h("a", "Download", href=f"/api/archives?{runs}", download="", cls="as-button")


def sort_heading(place: RunsPlace, title: str, cls: str, column: str) -> Tree:
    """A column's heading that sorts by it when pressed."""
    order = place.order
    chosen = order.column == column
    direction = ("descending" if order.descending else "ascending") if chosen else None
    arrow = h("span", " ↓" if order.descending else " ↑", aria_hidden="true") if chosen else None
    press = h("button", title, arrow, type="button", data_act="sort", data_value=column)
    return h("th", press, cls=cls, scope="col", aria_sort=direction)


def _states(place: RunsPlace) -> Tree:
    chosen = ", ".join(place.states) if place.states else "any state"
    boxes = [
        h("li", checkbox(state.value, checked=state in place.states, act="state", value=state.value))
        for state in RunState
    ]
    summary = h(
        "summary", "State: ", h("b", chosen if len(place.states) < 3 else f"{len(place.states)} states")
    )
    return h("details", summary, h("ul", *boxes), cls="menu wide", data_menu=True, data_key="states")


def _tags(place: RunsPlace, tags: Sequence[str]) -> Tree | None:
    if not tags and not place.tag:
        return None
    known = dict.fromkeys([*([place.tag] if place.tag else []), *tags])
    options = [h("option", "any tag", value=""), *(h("option", tag, value=tag) for tag in known)]
    return h("select", *options, value=place.tag, aria_label="Tag", data_act="tag", data_key="tags")


def _orders(place: RunsPlace) -> Tree:
    current = str(place.order)
    known = (
        ORDERS
        if current in ORDERS
        else {**ORDERS, current: current.removeprefix("-").removeprefix("metric:")}
    )
    options = [h("option", text, value=key) for key, text in known.items()]
    return h("select", *options, value=current, aria_label="Order", data_act="order", data_key="orders")
