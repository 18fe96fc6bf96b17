"""One's own account: `/account`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.components import dialogs
from apps.dashboard.components.dialogs import NO_DIALOG
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.notices import Notices
from apps.dashboard.doing import Doing
from apps.dashboard.given import uuid_of
from apps.dashboard.live import Refresher
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages.account_dialogs import new_token_dialog, revoke_token_dialog, token_made_dialog
from apps.dashboard.pages.account_view import AccountPage, account_view
from apps.dashboard.pages.runs_view import away_view, loading_view
from apps.dashboard.present import Present
from apps.dashboard.serving import Platform
from apps.dashboard.session import in_background, on_this_page
from nntracker_ray.accounts import own_account
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.login_links import login_link_secret
from nntracker_ray.accounts.passwords import strength
from nntracker_ray.accounts.quota import use_of_uploads
from nntracker_ray.accounts.roles import Scope
from nntracker_ray.storage import session_writes, token_writes
from nntracker_ray.storage.account_queries import find_account

PAUSE_S = 0.2
NEW_IS_WRONG = ("a password", "this password")  # so begins what is said of the new one
CHANGED = "password-changed"  # the place after a change of password, where the page says so


def account_page(platform: Platform) -> Any:
    """Build the page for one account. It reads the database once it is open, never while it is built."""
    return OwnAccount(platform, page_caller()).layout


class OwnAccount:
    """One person's account. All but `_fetch` and the work of `Doing` runs where the page's document may be changed."""

    def __init__(self, platform: Platform, caller: PageCaller) -> None:
        self._database, self._caller = platform.database, caller
        self._present = Present(platform.database, caller)
        self._found: AccountPage | None = None
        self._body = Elements(loading_view()).on_deed(self._on_deed)
        self._dialog = Elements(NO_DIALOG).on_deed(self._on_deed)
        self._notices = Notices()
        self._doing = Doing(self._present, self._notices)
        self._refresher = on_this_page(
            lambda show: Refresher(
                platform.feed,
                concerns=lambda _run_id: False,  # runs are not what it shows
                fetch=self._fetch,
                show=show(self._show),
                show_away=show(lambda: self._body.update(away_view())),
                pause_s=PAUSE_S,
            )
        )
        self.layout = page(
            "Your account", [self._body, self._dialog, self._doing.elements, self._notices.elements]
        )
        if CHANGED in pn.state.session_args:
            pn.state.onload(self._say_changed)

    def _fetch(self) -> AccountPage:
        now, user_id = datetime.now(UTC), self._caller.viewer_id
        with self._database.connection() as conn:
            return AccountPage(
                find_account(conn, user_id),
                tuple(session_writes.list_sessions(conn, user_id=user_id, now=now)),
                self._caller.session_id,
                tuple(token_writes.list_tokens(conn, user_id=user_id)),
                now,
                use_of_uploads(conn, user_id),
            )

    def _show(self, found: AccountPage) -> None:
        before = self._found
        self._found = replace(found, strength=before.strength, wrong=before.wrong) if before else found
        self._body.update(account_view(self._found))

    def _on_deed(self, deed: Deed) -> None:
        if self._found is None:
            return
        match deed.act:
            case "save-profile":
                self._save_profile(deed.only("name").strip(), deed.only("full_name"))
            case "try-password":
                self._try_password(deed.value)
            case "save-password":
                self._save_password(deed.only("old"), deed.only("new"), deed.only("again"))
            case "end-session" if (session_id := uuid_of(deed.value)) is not None:
                self._end_session(session_id)
            case "end-others":
                self._end_others()
            case dialogs.CLOSE:
                self._dialog.update(NO_DIALOG)
            case _:
                self._on_token(self._found, deed)

    def _on_token(self, found: AccountPage, deed: Deed) -> None:
        names = {str(token.token_id): token.name for token in found.tokens}
        match deed.act:
            case "new-token":
                self._dialog.update(new_token_dialog(found.account.role))
            case "make-token":
                self._make_token(found, deed)
            case "revoke-token" if deed.value in names:
                self._dialog.update(revoke_token_dialog(names[deed.value], deed.value))
            case "revoke-for-good" if (token_id := uuid_of(deed.value)) is not None:
                self._revoke_token(token_id)

    def _save_profile(self, name: str, full_name: str) -> None:
        self._doing.do(
            lambda actor: own_account.change_profile(self._database, actor, name=name, full_name=full_name),
            lambda _: self._saved(name),
            wrong=lambda why: self._wrong(**{"full_name" if "full name" in why else "name": why}),
        )

    def _saved(self, name: str) -> None:
        self._wrong()
        if name != self._caller.name:
            self._body.load("/account")  # the bar says the name too
        else:
            self._said("Saved")

    def _try_password(self, password: str) -> None:
        assert self._found is not None  # noqa: S101 - for the type checker: looked at in `_on_deed`
        about = (self._found.account.name, self._found.account.full_name)
        in_background(lambda: strength(password, about=about) if password else None, self._show_strength)

    def _show_strength(self, said: str | None) -> None:
        if self._found is not None:
            wrong = {name: why for name, why in self._found.wrong.items() if name != "new"}
            self._found = replace(self._found, strength=said, wrong=wrong)
            self._body.update(account_view(self._found))

    def _save_password(self, old: str, new: str, again: str) -> None:
        if new != again:
            self._wrong(again="this is not the same as above")
            return
        self._doing.do(
            lambda actor: self._change_password(actor, old, new),
            lambda secret: self._body.load(f"/welcome?next=%2Faccount%3F{CHANGED}%3Dyes#{secret}"),
            wrong=lambda why: self._wrong(**{"new" if why.startswith(NEW_IS_WRONG) else "old": why}),
        )

    def _change_password(self, actor: Actor, old: str, new: str) -> str:
        """Returns the secret by which the browser gets a new session: a page cannot set a cookie."""
        self._present.count_attempt(self._present.caller(), datetime.now(UTC))
        own_account.change_password(
            self._database, actor, old=old or None, new=new, session_id=self._caller.session_id
        )
        with self._database.connection() as conn:
            return login_link_secret(conn, actor.user_id)

    def _say_changed(self) -> None:
        self._body.show_place("/account")
        self._notices.say("Your password is changed, and you are signed out everywhere else.")

    def _make_token(self, found: AccountPage, deed: Deed) -> None:
        name, days = deed.only("name").strip(), deed.only("days")
        scopes = _scopes(deed.fields.get("scopes", ()))
        lifetime = timedelta(days=int(days) if days.isdecimal() and len(days) < 5 else 0)
        self._doing.do(
            lambda actor: own_account.make_token(
                self._database, actor, name=name, scopes=scopes, lifetime=lifetime
            ),
            lambda made: self._made(token_made_dialog(name, made)),
            wrong=lambda why: self._dialog.update(new_token_dialog(found.account.role, why)),
        )

    def _made(self, shown: Any) -> None:
        self._dialog.update(shown)
        self._refresher.wake()

    def _revoke_token(self, token_id: UUID) -> None:
        self._dialog.update(NO_DIALOG)
        self._doing.do(
            lambda actor: own_account.revoke_token(self._database, actor, token_id),
            lambda _: self._said("The token is revoked"),
        )

    def _end_session(self, session_id: UUID) -> None:
        self._doing.do(
            lambda actor: own_account.end_session(self._database, actor, session_id),
            lambda _: self._said("The session is ended"),
        )

    def _end_others(self) -> None:
        self._doing.do(
            lambda actor: own_account.end_other_sessions(self._database, actor, but=self._caller.session_id),
            lambda ended: self._said(f"Signed out in {len(ended)} other places"),
        )

    def _said(self, text: str) -> None:
        self._notices.say(text)
        self._refresher.wake()

    def _wrong(self, **wrong: str) -> None:
        if self._found is not None:
            self._found = replace(self._found, wrong=wrong)
            self._body.update(account_view(self._found))


def _scopes(said: Sequence[str]) -> tuple[Scope, ...]:
    return tuple(scope for scope in Scope if scope in said)
