"""Invitations and settings, as markup worked out from plain records."""

from __future__ import annotations

from dataclasses import dataclass

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, buttons, text_field
from apps.dashboard.components.times import local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.people_view import people_tabs, people_title
from apps.dashboard.people_place import PeoplePlace
from nntracker_ray.accounts import quota
from nntracker_ray.accounts.registration import Registration
from nntracker_ray.storage.invitation_writes import Invitation

REGISTRATION_WORDS = {
    Registration.OPEN: "Anybody who reaches the page makes an account, as a user.",
    Registration.INVITATION: "Whoever has a link from an administrator, with the role that the link gives.",
    Registration.CLOSED: "Nobody, not with an invitation either; administrators make accounts.",
}


@dataclass(frozen=True, slots=True)
class InvitationsPage:
    """Invitations that can still be used, as fetched."""

    place: PeoplePlace
    invitations: tuple[Invitation, ...]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What is in force, as fetched."""

    place: PeoplePlace
    registration: Registration
    upload_quota_gb: float  # of each account


def invitations_view(page: InvitationsPage) -> Tree:
    """Links by which one person each may register."""
    count = words.plural(len(page.invitations), "open invitation")
    return h("div", people_title(count), people_tabs(page.place), _invitations(page))


def settings_view(page: SettingsPage) -> Tree:
    """What administrators decide for the whole platform."""
    choices = [
        h(
            "li",
            h(
                "label",
                h(
                    "input",
                    type="radio",
                    name="registration",
                    value=mode,
                    checked=mode is page.registration,
                ),
                h("span", h("b", mode), h("div", text, cls="about")),
                cls="check",
            ),
        )
        for mode, text in REGISTRATION_WORDS.items()
    ]
    form = h(
        "form",
        h("fieldset", h("legend", "Who may make an account?"), h("ul", *choices, cls="bare")),
        text_field(
            quota.SETTING,
            "Each account may keep (GB)",
            f"{page.upload_quota_gb:g}",
            hint="Datasets and models under names. Who has more keeps it, and uploads no more.",
            type="number",
            min="0",
            max=f"{quota.GREATEST_GB:.0f}",
            step="any",
            required=True,
        ),
        buttons(button("Save", type="submit", cls="main")),
        data_act="save-settings",
    )
    about = h(
        "div", h("h2", "Registration and uploads"), h("p", "People who have an account keep it.", cls="about")
    )
    return h(
        "div",
        people_title("for the whole platform"),
        people_tabs(page.place),
        h("div", h("section", about, form), cls="settings"),
    )


def _invitations(page: InvitationsPage) -> Tree:
    if not page.invitations:
        say = "None is open. An invitation is a link by which one person makes an account, within a week."
        return h("p", say, cls="about", data_key="none")
    deeds = h("th", h("span", "Actions", cls="unseen"), scope="col")
    titles = ("For", "By", "Made", "Expires")
    head = h("tr", *(h("th", title, scope="col") for title in titles), deeds)
    rows = [_invitation(one) for one in page.invitations]
    table = h("table", h("thead", head), h("tbody", *rows), cls="list", aria_label="Invitations")
    return h("div", table, cls="table-frame", data_key="table")


def _invitation(one: Invitation) -> Tree:
    end = button("Take back", act="revoke-invitation", value=str(one.invitation_id), cls="quiet danger-quiet")
    return h(
        "tr",
        h("th", f"a new {one.role}", scope="row"),
        h("td", one.by, data_title="By"),
        h("td", local_time(one.created_at), data_title="Made"),
        h("td", local_time(one.expires_at), data_title="Expires"),
        h("td", end, cls="end"),
        data_key=str(one.invitation_id),
    )
