"""What administrators do on the pages about people: each deed as who they are by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from apps.dashboard.components.dialogs import NO_DIALOG
from apps.dashboard.components.elements import Deed
from apps.dashboard.components.trees import Tree
from apps.dashboard.doing import Doing
from apps.dashboard.given import uuid_of
from apps.dashboard.pages import people_dialogs as dialogs
from apps.dashboard.pages.person_view import PersonPage
from apps.dashboard.people_place import PeoplePlace
from nntracker_ray.accounts import administration, login_links, quota, registration
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role, read_role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.account_queries import account_called
from nntracker_ray.storage.connection import Database

T = TypeVar("T")


class PeopleDeeds:
    """The deeds of one administrator's page.

    Args:
        ask: Shows a dialog.
        said: Says that something is done, '' for nothing, and looks again.
        go: Shows another place.
    """

    def __init__(
        self,
        database: Database,
        doing: Doing,
        *,
        ask: Callable[[Tree], None],
        said: Callable[[str], None],
        go: Callable[[PeoplePlace], None],
    ) -> None:
        self._database, self._doing = database, doing
        self._ask, self._said, self._go = ask, said, go
        self.about: PersonPage | None = None  # the person that is shown

    def hear(self, deed: Deed) -> None:
        """Do it, or ask first. What nobody can have meant is passed over."""
        match deed.act:
            case "new-account":
                self._ask(dialogs.new_account_dialog())
            case "make-account":
                self._make_account(deed.only("name").strip(), deed.only("full_name"), deed.only("role"))
            case "new-invitation":
                self._ask(dialogs.new_invitation_dialog())
            case "make-invitation":
                self._invite(deed.only("role"))
            case "revoke-invitation" if (invitation_id := uuid_of(deed.value)) is not None:
                self._revoke_invitation(invitation_id)
            case "save-settings":
                self._change_settings(deed.only("registration"), deed.only(quota.SETTING))
            case _ if self.about is not None:
                self._hear_of(self.about, deed)

    def _hear_of(self, shown: PersonPage, deed: Deed) -> None:
        name = shown.account.name
        match deed.act:
            case "change-role":
                self._ask(dialogs.role_dialog(name, shown.account.role))
            case "set-role":
                self._change_role(shown, deed.only("role"))
            case "new-link":
                self._new_link(shown)
            case "disable":
                self._ask(dialogs.disable_dialog(name))
            case "disable-for-now" | "enable":
                self._set_disabled(shown, disabled=deed.act != "enable")
            case "delete":
                self._ask(dialogs.delete_dialog(name, shown.experiments))
            case "delete-for-good":
                self._delete(shown, deed.only("heir"), deed.only("heir_name").strip())

    def _do(
        self,
        work: Callable[[Actor], T],
        then: Callable[[T], None],
        wrong: Callable[[str], Tree] | None = None,
    ) -> None:
        """As an administrator who gave the password lately; `wrong` makes a dialog of why it could not be."""
        show = None if wrong is None else lambda why: self._ask(wrong(why))
        self._doing.do(work, then, wrong=show, least=Role.ADMINISTRATOR, confirmed=True)

    def _done(self, text: str) -> None:
        self._ask(NO_DIALOG)
        self._said(text)

    def _made(self, shown: Tree) -> None:
        self._ask(shown)
        self._said("")

    def _make_account(self, name: str, full_name: str, role: str) -> None:
        def make(actor: Actor) -> str:
            user_id = administration.make_account(
                self._database, actor, name=name, full_name=full_name, role=read_role(role)
            )
            return login_links.make_for_somebody(self._database, actor, user_id)

        self._do(
            make,
            lambda secret: self._made(dialogs.link_dialog(name, secret)),
            wrong=dialogs.new_account_dialog,
        )

    def _invite(self, role: str) -> None:
        self._do(
            lambda actor: registration.invite(self._database, actor, read_role(role))[1],
            lambda secret: self._made(dialogs.invitation_dialog(Role(role), secret)),
            wrong=dialogs.new_invitation_dialog,
        )

    def _revoke_invitation(self, invitation_id: UUID) -> None:
        self._do(
            lambda actor: registration.revoke_invitation(self._database, actor, invitation_id),
            lambda _: self._done("The invitation is taken back"),
        )

    def _change_settings(self, mode: str, quota_gb: str) -> None:
        wanted = {"registration": mode, quota.SETTING: _number(quota_gb)}
        self._do(
            lambda actor: administration.change_settings(self._database, actor, wanted),
            lambda _: self._done("Saved"),
        )

    def _change_role(self, shown: PersonPage, role: str) -> None:
        account = shown.account
        self._do(
            lambda actor: administration.change_role(self._database, actor, account.user_id, read_role(role)),
            lambda _: self._done(f"{account.name} is {role} now"),
            wrong=lambda why: dialogs.role_dialog(account.name, account.role, why),
        )

    def _new_link(self, shown: PersonPage) -> None:
        account = shown.account
        self._do(
            lambda actor: login_links.make_for_somebody(self._database, actor, account.user_id),
            lambda secret: self._made(dialogs.link_dialog(account.name, secret)),
        )

    def _set_disabled(self, shown: PersonPage, *, disabled: bool) -> None:
        account = shown.account
        self._do(
            lambda actor: administration.set_disabled(
                self._database, actor, account.user_id, disabled=disabled
            ),
            lambda _: self._done(f"{account.name} is {'disabled' if disabled else 'enabled'}"),
        )

    def _delete(self, shown: PersonPage, heir: str, heir_name: str) -> None:
        account = shown.account

        def delete(actor: Actor) -> None:
            heir_id = self._heir(actor, heir, heir_name)
            administration.delete_account(self._database, actor, account.user_id, heir_id=heir_id)

        self._do(
            delete,
            lambda _: self._deleted(account.name),
            wrong=lambda why: dialogs.delete_dialog(account.name, shown.experiments, why),
        )

    def _heir(self, actor: Actor, heir: str, heir_name: str) -> UUID | None:
        if heir != "somebody":
            return actor.user_id if heir == "me" else None
        with self._database.connection() as conn:
            found = account_called(conn, heir_name)
        if found is None:
            raise NotFoundError(f"nobody here is called {heir_name!r:.80}")
        return found.user_id

    def _deleted(self, name: str) -> None:
        self._go(PeoplePlace())
        self._done(f"The account {name} is deleted")


def _number(text: str) -> float | str:
    """The number, or the text itself, which is then refused in words."""
    try:
        return float(text)
    except ValueError:
        return text
