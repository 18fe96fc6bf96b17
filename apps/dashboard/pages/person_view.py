"""What administrators see of one person, as markup worked out from plain records."""

from __future__ import annotations

from dataclasses import dataclass

from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons
from apps.dashboard.components.times import local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.account_words import ROLE_WORDS
from apps.dashboard.pages.audit_view import audit_table
from apps.dashboard.pages.people_view import account_mark
from apps.dashboard.pages.run_parts import message
from apps.dashboard.people_place import PeoplePlace, View
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.storage.account_queries import AccountRow
from nntracker_ray.storage.audit_log import AuditEntry


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One account, as fetched."""

    place: PeoplePlace
    account: AccountRow
    experiments: int
    deeds: tuple[AuditEntry, ...]  # the latest
    is_oneself: bool


def person_view(page: PersonPage) -> Tree:
    """One person."""
    account = page.account
    way = h("nav", h("a", "People", href="/people", data_act="view", data_value=View.ACCOUNTS), cls="way")
    title = h(
        "header",
        h("h1", account.name),
        h("span", account.full_name, cls="about"),
        account_mark(account),
        cls="title",
    )
    deeds = audit_table(page.deeds) if page.deeds else h("p", "Nothing yet.", cls="about")
    return h(
        "div",
        way,
        title,
        _figures(page),
        h("section", _account(page), cls="card"),
        h("h2", "Latest deeds"),
        deeds,
        cls="person",
    )


def no_such_person() -> Tree:
    """The account is gone, or never was."""
    back = h("p", h("a", "Go to all accounts", href="/people", cls="main-link"))
    return message("There is no such account", "It may have been deleted; the audit log says so.", back)


def _figures(page: PersonPage) -> Tree:
    account = page.account
    figures = (
        ("experiments", f"{page.experiments:,}"), ("runs", f"{account.runs:,}"), ("at work", f"{account.at_work:,}"),
        ("finished", f"{account.finished:,}"), ("CPU in use", f"{account.cpu:g}"), ("GPU in use", f"{account.gpu:g}"),
    )  # fmt: skip
    return h("dl", *(h("div", h("dt", name), h("dd", text)) for name, text in figures), cls="figures")


def _account(page: PersonPage) -> Tree:
    account = page.account
    runs = h("a", "Their runs", href=RunsPlace(owner_id=account.user_id).address, cls="main-link")
    return h(
        "div",
        h(
            "dl",
            h("dt", "Role"),
            h("dd", h("b", account.role), h("div", ROLE_WORDS[account.role], cls="about")),
            h("dt", "Signs in"),
            h("dd", "with a password" if account.has_password else "by link alone"),
            h("dt", "Seen"),
            h("dd", local_time(account.seen_at) if account.seen_at else "never"),
            h("dt", "Made"),
            h("dd", local_time(account.created_at)),
            h("dt", "Runs"),
            h("dd", runs),
        ),
        buttons(*_deeds(page)),
    )


def _deeds(page: PersonPage) -> list[Tree]:
    if page.is_oneself:
        return [h("span", "This is you: ", h("a", "your account", href="/account", cls="main-link"))]
    is_disabled = page.account.disabled_at is not None
    role = button("Change role …", act="change-role")
    link = button("New sign-in link …", act="new-link", disabled=True if is_disabled else None)
    state = button("Enable", act="enable") if is_disabled else button("Disable …", act="disable")
    remove = button("Delete …", act="delete", cls="danger-quiet")
    return [role, link, state] if page.account.is_local else [role, link, state, remove]
