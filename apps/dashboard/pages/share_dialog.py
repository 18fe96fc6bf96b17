"""Sharing an experiment from a page: with people, or by read-only links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from apps.api.sign_in import PageCaller
from apps.dashboard.components.dialogs import CLOSE, NO_DIALOG
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.notices import Notices
from apps.dashboard.doing import Doing
from apps.dashboard.given import uuid_of
from apps.dashboard.pages.share_view import Shared, share_view
from apps.dashboard.present import Present
from nntracker_ray.accounts import sharing
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.sharing_writes import list_share_links, list_shares


class ShareDialog:
    """The dialog of one page. Put `elements` on it, and call `open` when somebody asks to share."""

    def __init__(self, database: Database, caller: PageCaller, notices: Notices) -> None:
        self._database = database
        self._doing = Doing(Present(database, caller), notices)
        self._shown: Shared | None = None
        self._dialog = Elements(NO_DIALOG).on_deed(self._on_deed)
        self.elements = (self._dialog, self._doing.elements)

    def open(self, experiment_id: UUID, name: str) -> None:
        """Ask about this experiment. Call where the page's document may be changed."""
        self._do(Shared(experiment_id, name, (), ()), lambda _actor: None)

    def _on_deed(self, deed: Deed) -> None:
        shown = self._shown
        if deed.act == CLOSE or shown is None:
            self._shown = None
            self._dialog.update(NO_DIALOG)
        elif deed.act in ("share-with", "share-may"):
            may, name = (
                (deed.only("may"), deed.only("name").strip())
                if deed.act == "share-with"
                else _may_and_name(deed)
            )
            self._do(shown, lambda actor: self._share(actor, shown, name, may))
        elif (wanted := uuid_of(deed.value)) is not None and deed.act == "unshare":
            self._do(shown, lambda actor: sharing.unshare(self._database, actor, shown.experiment_id, wanted))
        elif wanted is not None and deed.act == "revoke-link":
            self._do(shown, lambda actor: self._revoke(actor, shown, wanted))
        elif deed.act == "make-link":
            self._do(shown, lambda actor: self._make_link(actor, shown, deed.only("days")))

    def _share(self, actor: Actor, shown: Shared, name: str, may: str) -> None:
        sharing.share(self._database, actor, shown.experiment_id, name=name, may_act=may == "act")

    def _revoke(self, actor: Actor, shown: Shared, link_id: UUID) -> None:
        sharing.revoke_link(self._database, actor, shown.experiment_id, link_id)

    def _make_link(self, actor: Actor, shown: Shared, days: str) -> str:
        lifetime = int(days) if days.isdecimal() and len(days) < 5 else 0
        made = sharing.make_link(self._database, actor, shown.experiment_id, days=lifetime)
        return f"/shared#{made.secret}"

    def _do(self, shown: Shared, work: Callable[[Actor], str | None]) -> None:
        """Do it, and show what is so then; `work` may return the place of a new link."""

        def done(actor: Actor) -> Shared:
            made = work(actor) or ""
            return self._fetched(actor, replace(shown, changes=shown.changes + 1, wrong="", made=made))

        self._doing.do(done, self._show, wrong=self._wrong if self._shown else None, least=Role.USER)

    def _fetched(self, actor: Actor, shown: Shared) -> Shared:
        which = {"actor_id": actor.user_id, "experiment_id": shown.experiment_id}
        with self._database.connection() as conn:
            people = tuple(list_shares(conn, **which))
            links = tuple(list_share_links(conn, **which, now=datetime.now(UTC)))
        return replace(shown, people=people, links=links)

    def _show(self, shown: Shared) -> None:
        self._shown = shown
        self._dialog.update(share_view(shown))

    def _wrong(self, why: str) -> None:
        if self._shown is not None:
            self._show(replace(self._shown, wrong=why))


def _may_and_name(deed: Deed) -> tuple[str, str]:
    may, _, name = deed.value.partition(" ")
    return may, name
