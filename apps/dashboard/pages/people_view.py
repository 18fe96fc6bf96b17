"""What administrators see of everybody, as markup worked out from plain records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button
from apps.dashboard.components.times import Form, local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message
from apps.dashboard.people_place import PAGE_SIZE, PeoplePlace, View
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.account_queries import AccountPage, AccountRow

TITLES = {
    View.ACCOUNTS: "Accounts",
    View.INVITATIONS: "Invitations",
    View.SETTINGS: "Settings",
    View.AUDIT: "Audit log",
}
# Title, class, and what pressing it sorts by; '' for a column that has no order.
COLUMNS = (
    ("Account", "", "name"), ("Role", "", "role"), ("Runs", "num", "runs"), ("At work", "num", ""),
    ("Finished", "num", ""), ("CPU", "num", ""), ("GPU", "num", ""), ("Seen", "", "seen"), ("Made", "", "created"),
)  # fmt: skip
STATES = (("", "open and disabled"), ("open", "open"), ("disabled", "disabled"))


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of accounts, as fetched."""

    place: PeoplePlace
    accounts: AccountPage
    now: datetime

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.accounts.total // PAGE_SIZE))


def people_view(page: PeoplePage) -> Tree:
    """Every account."""
    count = words.plural(page.accounts.total, "account") + (" match" if page.place.is_filtered else "")
    body = _table(page) if page.accounts.rows else _nobody()
    return h("div", people_title(count), people_tabs(page.place), _filters(page), body)


def people_title(about: str) -> Tree:
    """The heading of every part, and what can be made."""
    makers = h(
        "span",
        button("Invite …", act="new-invitation"),
        button("New account …", act="new-account", cls="main"),
        cls="makers",
    )
    return h(
        "header",
        h("h1", "People"),
        h("span", about, cls="about"),
        h("span", cls="stretch"),
        makers,
        cls="title",
    )


def people_tabs(place: PeoplePlace) -> Tree:
    """The parts of the page."""
    links = [
        h(
            "a",
            title,
            href=PeoplePlace(view=view).address,
            data_act="view",
            data_value=view,
            aria_current="page" if view is place.view else None,
        )
        for view, title in TITLES.items()
    ]
    return h("nav", *links, cls="tabs", aria_label="Parts of this page")


def search_field(place: PeoplePlace, label: str) -> Tree:
    """What is searched in is the label."""
    return h(
        "input",
        type="search",
        value=place.search,
        placeholder=label,
        aria_label=label,
        data_act="search",
        data_live=True,
        spellcheck="false",
        maxlength=100,
        cls="search",
    )


def _filters(page: PeoplePage) -> Tree:
    place = page.place
    roles = [h("option", "any role", value=""), *(h("option", role, value=role) for role in Role)]
    states = [h("option", text, value=key) for key, text in STATES]
    state = {True: "disabled", False: "open", None: ""}[place.disabled]
    return h(
        "div",
        search_field(place, "Search names"),
        h("select", *roles, value=place.role or "", aria_label="Role", data_act="role"),
        h("select", *states, value=state, aria_label="State", data_act="state"),
        h("a", "Show all", href="/people", data_act="clear-filters", cls="main-link")
        if place.is_filtered
        else None,
        h("span", cls="stretch"),
        _paging(page),
        cls="filters",
        role="search",
    )


def _paging(page: PeoplePage) -> Tree | None:
    if page.pages == 1 and page.place.page == 1:
        return None
    first = page.place.offset + 1
    last = min(page.accounts.total, page.place.offset + PAGE_SIZE)
    return h(
        "nav",
        h("span", f"{first:,} to {last:,} of {page.accounts.total:,}", cls="num"),
        _page_link(page, "Before", -1, possible=page.place.page > 1),
        _page_link(page, "Next", 1, possible=page.place.page < page.pages),
        cls="paging",
        aria_label="Pages of accounts",
    )


def _page_link(page: PeoplePage, text: str, step: int, *, possible: bool) -> Tree:
    if not possible:
        return h("span", text, cls="off")
    number = page.place.page + step
    return h("a", text, href=page.place.but(page=number).address, data_act="page", data_value=number)


def _nobody() -> Tree:
    back = h("p", h("a", "Show all accounts", href="/people", data_act="clear-filters", cls="main-link"))
    return message("Nobody matches", back, cls="empty small")


def _table(page: PeoplePage) -> Tree:
    head = h("thead", h("tr", *(_heading(page.place, *column) for column in COLUMNS)))
    body = h("tbody", *(_account(row) for row in page.accounts.rows))
    return h("div", h("table", head, body, cls="list", aria_label="Accounts"), cls="table-frame")


def _heading(place: PeoplePlace, title: str, cls: str, column: str) -> Tree:
    if not column:
        return h("th", title, cls=cls, scope="col")
    chosen = place.order == column
    direction = ("descending" if place.descending else "ascending") if chosen else None
    arrow = h("span", " ↓" if place.descending else " ↑", aria_hidden="true") if chosen else None
    press = h("button", title, arrow, type="button", data_act="sort", data_value=column)
    return h("th", press, cls=cls, scope="col", aria_sort=direction)


def _account(row: AccountRow) -> Tree:
    link = h(
        "a",
        row.name,
        href=PeoplePlace(person=row.user_id).address,
        data_act="person",
        data_value=str(row.user_id),
    )
    numbers = (
        ("Runs", f"{row.runs:,}"), ("At work", f"{row.at_work:,}"), ("Finished", f"{row.finished:,}"),
        ("CPU", f"{row.cpu:g}"), ("GPU", f"{row.gpu:g}"),
    )  # fmt: skip
    return h(
        "tr",
        h("th", link, " ", h("span", row.full_name, cls="about"), account_mark(row), scope="row"),
        h("td", row.role, data_title="Role"),
        *(h("td", text, cls="num none" if text == "0" else "num", data_title=name) for name, text in numbers),
        h("td", local_time(row.seen_at), data_title="Seen"),
        h("td", local_time(row.created_at, Form.DAY), data_title="Made"),
        data_key=str(row.user_id),
    )


def account_mark(row: AccountRow) -> Tree | None:
    """What is unusual about an account."""
    if row.disabled_at is not None:
        return h("span", "disabled", cls="tag")
    return None if row.has_password else h("span", "by link alone", cls="tag")
