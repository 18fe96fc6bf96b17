"""The audit log, as markup worked out from plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.dashboard.components.elements import h
from apps.dashboard.components.times import Form, local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.people_view import people_tabs, people_title, search_field
from apps.dashboard.pages.run_parts import message
from apps.dashboard.people_place import PeoplePlace
from nntracker_ray.storage.audit_log import AuditEntry

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of deeds, as fetched."""

    place: PeoplePlace
    entries: tuple[AuditEntry, ...]


def audit_view(page: AuditPage) -> Tree:
    """Who did what to whom, the newest first."""
    empty = message("Nothing matches" if page.place.search else "Nothing yet", cls="empty small")
    return h(
        "div",
        people_title("what people have done"),
        people_tabs(page.place),
        h(
            "div",
            search_field(page.place, "Search who, what, whom"),
            h("span", cls="stretch"),
            _paging(page),
            cls="filters",
            role="search",
        ),
        audit_table(page.entries) if page.entries else empty,
    )


def audit_table(entries: Sequence[AuditEntry]) -> Tree:
    """The deeds themselves."""
    titles = ("Time", "Who", "Did", "To", "How", "From")
    head = h("tr", *(h("th", title, scope="col") for title in titles))
    rows = [
        h(
            "tr",
            h("td", local_time(entry.time, Form.SECOND)),
            h("th", entry.by, scope="row"),
            h("td", entry.action, cls="strange" if entry.action.startswith("failed") else ""),
            h("td", entry.subject),
            h("td", entry.details),
            h("td", entry.address, cls="about"),
            data_key=entry.no,
        )
        for entry in entries
    ]
    table = h("table", h("thead", head), h("tbody", *rows), cls="list", aria_label="Audit log")
    return h("div", table, cls="table-frame")


def _paging(page: AuditPage) -> Tree | None:
    newest = (
        None
        if page.place.before is None
        else h("a", "Newest", href=page.place.but().address, data_act="newest")
    )
    older = (
        None
        if len(page.entries) < PAGE_SIZE
        else h(
            "a",
            "Older",
            href=page.place.but(before=page.entries[-1].no).address,
            data_act="before",
            data_value=page.entries[-1].no,
        )
    )
    return h("nav", newest, older, cls="paging", aria_label="Pages of the audit log")
