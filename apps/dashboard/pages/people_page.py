"""Everybody, for administrators: `/people`, `/people?id=UUID`, `/people?view=audit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.components.dialogs import CLOSE, NO_DIALOG
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.notices import Notices
from apps.dashboard.components.trees import Tree
from apps.dashboard.doing import Doing
from apps.dashboard.given import typed
from apps.dashboard.live import Refresher
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages import audit_view, people_view, person_view, rules_view
from apps.dashboard.pages.people_deeds import PeopleDeeds
from apps.dashboard.pages.runs_view import away_view, loading_view
from apps.dashboard.people_place import PAGE_SIZE, PeoplePlace, View
from apps.dashboard.present import Present
from apps.dashboard.serving import Platform
from apps.dashboard.session import on_this_page
from nntracker_ray.accounts import administration, quota
from nntracker_ray.accounts.registration import registration
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.standing import require_role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage import account_writes, invitation_writes
from nntracker_ray.storage.account_queries import account_row, list_accounts
from nntracker_ray.storage.audit_log import list_deeds
from nntracker_ray.storage.connection import Connection

PAUSE_S = 0.4  # a press is waited for no longer; while runs change, the page rests six times as long as it has looked
LATEST_DEEDS = 20

Found: TypeAlias = (
    people_view.PeoplePage
    | person_view.PersonPage
    | audit_view.AuditPage
    | rules_view.InvitationsPage
    | rules_view.SettingsPage
    | None  # no such person
)


def people_page(platform: Platform) -> Any:
    """Build the page for one administrator. It reads the database once it is open, never while it is built."""
    return People(platform, page_caller(), PeoplePlace.read(pn.state.session_args)).layout


class People:
    """One administrator's view. All but `_fetch` runs where the page's document may be changed."""

    def __init__(self, platform: Platform, caller: PageCaller, place: PeoplePlace) -> None:
        self._database, self._caller, self._place = platform.database, caller, place
        self._body = Elements(loading_view()).on_deed(self._on_deed)
        self._dialog = Elements(NO_DIALOG).on_deed(self._on_deed)
        self._notices = Notices()
        doing = Doing(Present(platform.database, caller), self._notices)
        self._deeds = PeopleDeeds(
            platform.database, doing, ask=self._dialog.update, said=self._said, go=self._go
        )
        self._refresher = on_this_page(
            lambda show: Refresher(
                platform.feed,
                concerns=lambda _run_id: self._place.view is View.ACCOUNTS,
                fetch=self._fetch,
                show=show(self._show),
                show_away=show(lambda: self._body.update(away_view())),
                pause_s=PAUSE_S,
                of_people=True,
            )
        )
        self.layout = page("People", [self._body, self._dialog, doing.elements, self._notices.elements])

    def _fetch(self) -> tuple[PeoplePlace, Found] | None:
        """None: whoever looks is no administrator by now."""
        place = self._place
        with self._database.connection() as conn:
            # Not by the session: looking by itself must not keep it alive.
            return (place, self._found(conn, place)) if self._may_look(conn) else None

    def _may_look(self, conn: Connection) -> bool:
        try:
            require_role(conn, self._caller.viewer_id, Role.ADMINISTRATOR)
        except NotFoundError:
            return False
        return True

    def _found(self, conn: Connection, place: PeoplePlace) -> Found:
        if place.person is not None:
            return _person(conn, place, is_oneself=place.person == self._caller.user_id)
        return FETCHES[place.view](conn, place)

    def _show(self, fetched: tuple[PeoplePlace, Found] | None) -> None:
        if fetched is None:
            self._body.load("/")
        elif fetched[0] == self._place:  # else the person has moved on meanwhile
            self._deeds.about = fetched[1] if isinstance(fetched[1], person_view.PersonPage) else None
            self._body.update(drawn(fetched[1]))

    def _go(self, place: PeoplePlace) -> None:
        self._place = place
        self._body.show_place(place.address)
        self._refresher.wake()

    def _said(self, text: str) -> None:
        if text:
            self._notices.say(text)
        self._refresher.wake()

    def _on_deed(self, deed: Deed) -> None:
        if hear := PLACES.get(deed.act):
            self._go(hear(self._place, deed))
        elif deed.act == CLOSE:
            self._dialog.update(NO_DIALOG)
        else:
            self._deeds.hear(deed)


def drawn(found: Found) -> Tree:
    """Whichever part it is, as markup."""
    match found:
        case people_view.PeoplePage():
            return people_view.people_view(found)
        case person_view.PersonPage():
            return person_view.person_view(found)
        case audit_view.AuditPage():
            return audit_view.audit_view(found)
        case rules_view.InvitationsPage():
            return rules_view.invitations_view(found)
        case rules_view.SettingsPage():
            return rules_view.settings_view(found)
        case None:
            return person_view.no_such_person()


def _person(conn: Connection, place: PeoplePlace, *, is_oneself: bool) -> person_view.PersonPage | None:
    assert place.person is not None  # noqa: S101 - for the type checker
    try:
        account = account_row(conn, place.person)
    except NotFoundError:
        return None
    deeds = tuple(list_deeds(conn, user_id=place.person, limit=LATEST_DEEDS))
    experiments = account_writes.experiments_owned(conn, place.person)
    return person_view.PersonPage(place, account, experiments, deeds, is_oneself)


def _accounts(conn: Connection, place: PeoplePlace) -> Found:
    found = list_accounts(
        conn,
        search=place.search,
        role=place.role,
        disabled=place.disabled,
        order_by=place.order,
        descending=place.descending,
        limit=PAGE_SIZE,
        offset=place.offset,
    )
    return people_view.PeoplePage(place, found, datetime.now(UTC))


def _audit(conn: Connection, place: PeoplePlace) -> Found:
    deeds = list_deeds(conn, search=place.search, before=place.before, limit=audit_view.PAGE_SIZE)
    return audit_view.AuditPage(place, tuple(deeds))


def _invitations(conn: Connection, place: PeoplePlace) -> Found:
    found = invitation_writes.list_invitations(conn, now=datetime.now(UTC))
    return rules_view.InvitationsPage(place, tuple(found))


def _settings(conn: Connection, place: PeoplePlace) -> Found:
    quota_gb = administration.all_settings(conn)[quota.SETTING]
    return rules_view.SettingsPage(place, registration(conn), quota_gb)


FETCHES: Mapping[View, Callable[[Connection, PeoplePlace], Found]] = {
    View.ACCOUNTS: _accounts,
    View.INVITATIONS: _invitations,
    View.SETTINGS: _settings,
    View.AUDIT: _audit,
}

# What changes the place: from where one is, and what one did, to where one goes.
PLACES: Mapping[str, Callable[[PeoplePlace, Deed], PeoplePlace]] = {
    "view": lambda _place, deed: PeoplePlace.read({"view": [deed.value.encode()]}),
    "person": lambda _place, deed: PeoplePlace.read({"id": [deed.value.encode()]}),
    "search": lambda place, deed: place.but(search=typed(deed.value, 100).strip()),
    "role": lambda place, deed: place.but(role=Role(deed.value) if deed.value in [*Role] else None),
    "state": lambda place, deed: place.but(disabled={"disabled": True, "open": False}.get(deed.value)),
    "sort": lambda place, deed: place.sorted_by(deed.value),
    "page": lambda place, deed: replace(place, page=PeoplePlace.read({"page": [deed.value.encode()]}).page),
    "before": lambda place, deed: replace(
        place, before=PeoplePlace.read({"before": [deed.value.encode()]}).before
    ),
    "newest": lambda place, _deed: place.but(),
    "clear-filters": lambda place, _deed: PeoplePlace(order=place.order, descending=place.descending),
}
