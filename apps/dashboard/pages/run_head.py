"""The head of a run's page: where one is, how the run stands, what can be done with it, the tabs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import EXPLANATIONS, message, progress_bar, state_chip
from apps.dashboard.pages.run_verbs import VERBS, WORDS
from apps.dashboard.run_place import RunPlace, Tab
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.commands import Verb
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.storage.waiting_queries import WaitingPlace

TABS = {
    Tab.GENERAL: "General",
    Tab.GRAPHS: "Graphs",
    Tab.INSIDE: "Inside",
    Tab.COMPARISONS: "Comparisons",
    Tab.FILES: "Files",
}


@dataclass(frozen=True, slots=True)
class RunHead:
    """What stands above every tab, as fetched."""

    row: RunRow
    now: datetime
    place: RunPlace
    may_act: bool
    since_last_value: timedelta | None = (
        None  # of a run at work: the part of an epoch that no metric has told
    )
    waiting: WaitingPlace | None = None  # of a run that waits


LONGEST_SUMMARY = 300  # characters of an error before one opens it


def head_view(head: RunHead) -> Tree:
    """Name, state, progress, why it waits or failed, what can be done, tabs."""
    row = head.row
    line = h(
        "div",
        h("h1", row.name),
        state_chip(row.state),
        progress_bar(row),
        h("span", _clock(head), cls="clock num"),
        cls="headline",
    )
    return h(
        "header",
        _way(row),
        line,
        _tags(head),
        _actions(row) if head.may_act else None,
        _waiting(head),
        _error(row),
        _tabs(head.place),
        cls="run-head",
    )


def not_found_view() -> Tree:
    """No such run, or somebody else's: the two look the same."""
    return message(
        "There is no such run here",
        "It may have been deleted, or the address is incomplete.",
        h("p", h("a", "Go to the list of runs", href="/")),
    )


def _way(row: RunRow) -> Tree:
    return h(
        "nav",
        h("a", "Runs", href="/"),
        h("a", row.experiment, href=RunsPlace(experiment_id=row.experiment_id).address),
        *_parent(row),
        h("span", f"run {row.run_no} of {row.owner}"),
        cls="way",
        aria_label="Where this is",
    )


def _parent(row: RunRow) -> list[Tree]:
    """The way to the run that this one was made from."""
    if row.origin is None:
        return []
    inherited = f", {row.inherited_epochs} epochs inherited" if row.inherited_epochs else ""
    if row.parent_id is None:
        return [h("span", f"{row.origin} of a run that is gone{inherited}")]
    return [h("a", f"{row.origin} of another run{inherited}", href=f"/run?id={row.parent_id}")]


def _clock(head: RunHead) -> str:
    spent = words.elapsed(head.row, head.now)
    if spent is not None and head.since_last_value is not None:
        spent += head.since_last_value
    left = words.time_left(head.row)
    if spent is None:
        return ""
    return f"trained {words.duration(spent)}" + (f", {words.duration(left)} left" if left else "")


def _tags(head: RunHead) -> Tree | None:
    tags = [_tag(tag, may_act=head.may_act) for tag in head.row.tags]
    if head.may_act:
        tags.append(button("Add a tag …", act="ask-tag", cls="quiet-link"))
    return h("div", *tags, cls="tags", role="group", aria_label="Tags of this run") if tags else None


def _tag(tag: str, *, may_act: bool) -> Tree:
    away = button("✕", act="remove-tag", value=tag, cls="quiet-link", aria_label=f"Remove the tag {tag}")
    return h(
        "span",
        h("a", tag, href=RunsPlace(tag=tag).address),
        away if may_act else None,
        cls="tag",
        data_key=f"tag {tag}",
    )


def _actions(row: RunRow) -> Tree:
    parts = [
        button(
            WORDS[verb],
            act=verb,
            cls="danger-quiet" if verb is Verb.DELETE else "main" if verb is Verb.RESUME else "",
            data_key=f"act {verb}",
            data_single=True,
        )
        for verb in VERBS[row.state]
    ]
    return h("div", *parts, cls="run-actions", role="group", aria_label="What to do with this run")


def _waiting(head: RunHead) -> Tree | None:
    if (reasons := why_it_waits(head.row.state, head.waiting)) == "":
        return None
    return h("p", reasons, cls="waiting", role="status", data_key="waiting")


def why_it_waits(state: RunState, place: WaitingPlace | None) -> str:
    """In a sentence; '' for a run that does not wait."""
    if place is None:
        return ""
    if state is RunState.PAUSED:
        return (
            "Paused because the disk is full; it goes on by itself once there is room."
            if place.hold == "disk"
            else ""
        )
    if state is not RunState.QUEUED:
        return ""
    parts = [f"{words.plural(place.ahead, 'run')} of the same owner first"] if place.ahead else []
    if place.max_concurrent is not None and place.experiment_at_work >= place.max_concurrent:
        parts.append(f"the experiment trains {place.max_concurrent} at once")
    if place.max_running is not None and place.at_work >= place.max_running:
        parts.append(f"its owner may train {place.max_running} at once")
    needs = f"{place.cpu:g} CPU" + (f" and {place.gpu:g} GPU" if place.gpu else "")
    return f"Waits for {needs}" + (f"; {', '.join(parts)}." if parts else ": it is the owner's next.")


def _error(row: RunRow) -> Tree | None:
    if not row.error:
        return None
    error = row.error.strip()
    last = (error.splitlines() or [EXPLANATIONS[row.state]])[-1]
    summary = last if len(last) <= LONGEST_SUMMARY else f"{last[:LONGEST_SUMMARY]} …"
    return h(
        "details",
        h("summary", summary),
        h("pre", h("code", error)) if summary != error else None,
        cls="failure",
        data_key="failure",
    )


def _tabs(place: RunPlace) -> Tree:
    links = [
        h(
            "a",
            title,
            href=RunPlace(place.run_id, tab=tab).address,
            data_act="tab",
            data_value=tab,
            aria_current="page" if tab is place.tab else None,
        )
        for tab, title in TABS.items()
    ]
    return h("nav", *links, cls="tabs", aria_label="Views of this run")
