"""What the dialog about sharing shows, as markup worked out from plain records."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from apps.dashboard.components.dialogs import CLOSE
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons, select_field, text_field
from apps.dashboard.components.once import copied_field
from apps.dashboard.components.times import local_time
from apps.dashboard.components.trees import Tree
from nntracker_ray.storage.sharing_writes import ShareLink, ShareRow

LIFETIMES = (("1", "a day"), ("7", "a week"), ("30", "30 days"), ("365", "a year"))
MAY = (("see", "see it"), ("act", "see it and act on its runs"))


@dataclass(frozen=True, slots=True)
class Shared:
    """Who sees an experiment, and what was just done about it."""

    experiment_id: UUID
    name: str
    people: tuple[ShareRow, ...]
    links: tuple[ShareLink, ...]
    changes: int = 0  # so many were made: each empties the form
    wrong: str = ""  # with the name that was given
    made: str = ""  # the place of a new link, this once


def share_view(shared: Shared) -> Tree:
    """The whole dialog."""
    return h(
        "dialog",
        h("h2", f"Share {shared.name}", id="dialog-title"),
        h("h3", "People"),
        _people(shared),
        _add_person(shared),
        h("h3", "Read-only links"),
        h("p", "Whoever has one sees this experiment and nothing else, without an account.", cls="about"),
        _links(shared),
        _made(shared),
        _add_link(),
        buttons(button("Done", act=CLOSE, cls="main")),
        data_shown=True,
        data_cancel=CLOSE,
        aria_labelledby="dialog-title",
        cls="wide",
    )


def _people(shared: Shared) -> Tree:
    if not shared.people:
        return h("p", "Nobody yet; you and administrators see it anyway.", cls="about", data_key="nobody")
    return h("ul", *(_person(row) for row in shared.people), cls="rows", data_key="people")


def _person(row: ShareRow) -> Tree:
    chosen = "act" if row.may_act else "see"
    options = [
        h("option", text, value=f"{key} {row.name}", selected=True if key == chosen else None)
        for key, text in MAY
    ]
    may = h(
        "select",
        *options,
        value=f"{chosen} {row.name}",
        data_act="share-may",
        aria_label=f"What {row.name} may do",
    )
    return h(
        "li",
        h("span", h("b", row.name), f" {row.full_name}"),
        h("span", cls="stretch"),
        may,
        button(
            "Remove",
            act="unshare",
            value=str(row.user_id),
            cls="quiet danger-quiet",
            aria_label=f"Remove {row.name}",
        ),
        data_key=str(row.user_id),
    )


def _add_person(shared: Shared) -> Tree:
    return h(
        "form",
        text_field(
            "name",
            "Name of an account",
            wrong=shared.wrong,
            maxlength=60,
            autocomplete="off",
            required=True,
        ),
        select_field("may", "May", MAY, "see"),
        button("Share", type="submit"),
        data_act="share-with",
        cls="share-line",
        data_key=f"add {shared.changes}",
    )


def _links(shared: Shared) -> Tree:
    if not shared.links:
        return h("p", "There are none.", cls="about", data_key="no-links")
    lines = [
        h(
            "li",
            h("span", f"by {link.by}, until ", local_time(link.expires_at)),
            button("Take back", act="revoke-link", value=str(link.link_id), cls="quiet danger-quiet"),
            data_key=str(link.link_id),
        )
        for link in shared.links
    ]
    return h("ul", *lines, cls="rows", data_key="links")


def _made(shared: Shared) -> Tree | None:
    if not shared.made:
        return None
    return h(
        "div",
        copied_field("Read-only link", place=shared.made),
        h("p", "It is shown this once and kept nowhere; copy it now.", cls="about"),
        data_key=shared.made,
    )


def _add_link() -> Tree:
    return h(
        "form",
        select_field("days", "It opens for", LIFETIMES, "7"),
        button("Make a link", type="submit"),
        data_act="make-link",
        cls="share-line",
        data_key="make-link",
    )
