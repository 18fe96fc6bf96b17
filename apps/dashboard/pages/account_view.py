"""What one's own account shows, as markup worked out from plain records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons, text_field
from apps.dashboard.components.times import Form, local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.account_words import ROLE_WORDS, browser_words, scope_words
from nntracker_ray.accounts.names import LONGEST_FULL_NAME, LONGEST_NAME, NAME_RULE
from nntracker_ray.accounts.passwords import GREATEST_LENGTH, LEAST_LENGTH
from nntracker_ray.accounts.quota import NO_UPLOADS, UploadUse
from nntracker_ray.storage.account_queries import Account
from nntracker_ray.storage.session_writes import SessionRow
from nntracker_ray.storage.token_writes import TokenRow


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One's own account, as fetched, and what was said of the forms."""

    account: Account
    sessions: tuple[SessionRow, ...]
    this_session: UUID | None
    tokens: tuple[TokenRow, ...]
    now: datetime
    uploads: UploadUse = NO_UPLOADS
    wrong: Mapping[str, str] = field(default_factory=dict)  # by field
    strength: str | None = None  # what is wrong with the password so far; '' when it is good, None before


def account_view(page: AccountPage) -> Tree:
    """The whole page."""
    account = page.account
    leave = h("form", button("Sign out", type="submit"), method="post", action="/sign-out", cls="on-a-phone")
    title = h("header", h("h1", "Your account"), h("span", account.name, cls="about"), leave, cls="title")
    return h(
        "div",
        title,
        _section("Name", "Others see it beside what you do.", _profile(page)),
        _section("Role", "An administrator can change it.", _role(page)),
        _section("Password", "A new one signs you out everywhere else.", _password(page)),
        _section(
            "API tokens",
            "For scripts, notebooks and the command line on other machines.",
            _tokens(page.tokens, page.now),
        ),
        _section("Where you are signed in", "End what you do not know.", _sessions(page)),
        cls="settings",
    )


def _section(title: str, about: str, *content: Tree) -> Tree:
    words_ = h("div", h("h2", title), h("p", about, cls="about"))
    return h("section", words_, h("div", *content), aria_label=title, data_key=title)


def _profile(page: AccountPage) -> Tree:
    return h(
        "form",
        text_field(
            "name",
            "Name",
            page.account.name,
            hint=NAME_RULE,
            wrong=page.wrong.get("name", ""),
            autocomplete="username",
            maxlength=LONGEST_NAME,
            required=True,
        ),
        text_field(
            "full_name",
            "Full name",
            page.account.full_name,
            wrong=page.wrong.get("full_name", ""),
            autocomplete="name",
            maxlength=LONGEST_FULL_NAME,
        ),
        buttons(button("Save", type="submit", cls="main")),
        data_act="save-profile",
    )


def _role(page: AccountPage) -> Tree:
    role = page.account.role
    return h(
        "dl",
        h("dt", "Role"),
        h("dd", h("b", role), h("div", ROLE_WORDS[role], cls="about")),
        h("dt", "Member since"),
        h("dd", local_time(page.account.created_at, Form.DAY)),
        h("dt", "Uploads"),
        h("dd", str(page.uploads), h("div", "Your datasets and models.", cls="about")),
    )


def _password(page: AccountPage) -> Tree:
    has_one = page.account.password_hash is not None
    without = h("p", "You sign in by links alone. With a password you need none.", cls="about")
    return h(
        "form",
        None if has_one else without,
        _password_field(page, "old", "Password until now", autocomplete="current-password")
        if has_one
        else None,
        _password_field(
            page,
            "new",
            "New password",
            hint=f"{LEAST_LENGTH} characters or more; a few words that do not belong together are easy to remember.",
            autocomplete="new-password",
            data_act="try-password",
            data_live=True,
        ),
        _strength(page),
        _password_field(page, "again", "The new one again", autocomplete="new-password"),
        buttons(button("Change password" if has_one else "Set password", type="submit", cls="main")),
        data_act="save-password",
    )


def _password_field(page: AccountPage, name: str, label: str, *, hint: str = "", **attributes: Any) -> Tree:
    return text_field(
        name,
        label,
        hint=hint,
        wrong=page.wrong.get(name, ""),
        type="password",
        maxlength=GREATEST_LENGTH,
        required=True,
        **attributes,
    )


def _strength(page: AccountPage) -> Tree:
    """Always there, so that screen readers hear it change."""
    if page.strength is None or page.wrong.get("new"):
        return h("p", cls="strength", role="status")
    text = page.strength or "Good: not easily guessed."
    return h("p", text, cls="strength" if page.strength else "strength good", role="status")


def _tokens(tokens: Sequence[TokenRow], now: datetime) -> Tree:
    new = button("New token …", act="new-token")
    if not tokens:
        return h("div", h("p", "You have none.", cls="about"), new)
    head = _head("For", "May", "Expires", "Last used")
    rows = [_token(token, now) for token in tokens]
    table = h("table", h("thead", head), h("tbody", *rows), cls="list", aria_label="API tokens")
    return h("div", h("div", table, cls="table-frame"), buttons(new))


def _head(*titles: str) -> Tree:
    deeds = h("th", h("span", "Actions", cls="unseen"), scope="col")
    return h("tr", *(h("th", title, scope="col") for title in titles), deeds)


def _token(token: TokenRow, now: datetime) -> Tree:
    over = token.expires_at is not None and token.expires_at <= now
    until = (
        "expired" if over else "never" if token.expires_at is None else local_time(token.expires_at, Form.DAY)
    )
    return h(
        "tr",
        h("th", token.name, h("div", h("code", f"{token.start}…"), cls="about"), scope="row"),
        h("td", scope_words(token.scopes), data_title="May"),
        h("td", until, cls="strange" if over else "", data_title="Expires"),
        h("td", local_time(token.seen_at), data_title="Last used"),
        h(
            "td",
            button(
                "Revoke",
                act="revoke-token",
                value=str(token.token_id),
                cls="quiet danger-quiet",
                aria_label=f"Revoke {token.name}",
            ),
            cls="end",
        ),
        data_key=str(token.token_id),
    )


def _sessions(page: AccountPage) -> Tree:
    head = _head("Browser", "Address", "Since", "Seen")
    rows = [_session(row, is_this=row.session_id == page.this_session) for row in page.sessions]
    table = h("table", h("thead", head), h("tbody", *rows), cls="list", aria_label="Sessions")
    others = len(page.sessions) - 1
    end = button("Sign out everywhere else", act="end-others") if others > 0 else None
    leave = h("form", button("Sign out", type="submit"), method="post", action="/sign-out")
    return h("div", h("div", table, cls="table-frame"), buttons(end, leave))


def _session(row: SessionRow, *, is_this: bool) -> Tree:
    end = (
        h("span", "this one", cls="about")
        if is_this
        else button(
            "End",
            act="end-session",
            value=str(row.session_id),
            cls="quiet danger-quiet",
            aria_label=f"End the session of {browser_words(row.agent)}",
        )
    )
    return h(
        "tr",
        h("th", browser_words(row.agent), scope="row", title=row.agent[:200]),
        h("td", row.address or words.NOTHING, data_title="Address"),
        h("td", local_time(row.created_at), data_title="Since"),
        h("td", local_time(row.seen_at), data_title="Seen"),
        h("td", end, cls="end"),
        data_key=str(row.session_id),
    )
