"""Doing what somebody asks for on a page: in a thread, and as who they are by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from apps.api.sign_in import TooManyAttemptsError
from apps.dashboard.components.dialogs import CLOSE, NO_DIALOG, dialog
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.fields import text_field
from apps.dashboard.components.notices import Notices
from apps.dashboard.components.trees import Tree
from apps.dashboard.present import ConfirmFirstError, Present, SignedOutError
from apps.dashboard.session import in_background
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import NNTrackerError

T = TypeVar("T")
CONFIRM = "confirm-password"


class Doing:
    """The deeds of one page. `elements` asks for the password above whatever else is open."""

    def __init__(self, present: Present, notices: Notices) -> None:
        self._present = present
        self._notices = notices
        self._again: Callable[[], None] = lambda: None
        self.elements = Elements(NO_DIALOG).on_deed(self._on_deed)

    def do(
        self,
        work: Callable[[Actor], T],
        then: Callable[[T], None],
        *,
        wrong: Callable[[str], None] | None = None,
        least: Role = Role.VIEWER,
        confirmed: bool = False,
    ) -> None:
        """Act, and show what came of it. Call on the event loop.

        Args:
            work: Gets the account that acts; in a thread.
            then: Gets what `work` returned, where the page may be changed.
            wrong: Gets why it could not be; a notice says it unless this is given.
            least: The role that it needs, by then.
            confirmed: Whether the password must have been given lately.
        """

        def attempt() -> Callable[[], None]:
            try:
                found = work(self._present.actor(least, confirmed=confirmed))
            except SignedOutError:
                return self._leave
            except ConfirmFirstError:
                return lambda: self._ask(again)
            except (NNTrackerError, TooManyAttemptsError) as error:
                why = str(error)
                return lambda: (wrong or self._refuse)(why)
            return lambda: then(found)

        def again() -> None:
            in_background(attempt, _show)

        again()

    def _on_deed(self, deed: Deed) -> None:
        if deed.act == CLOSE:
            self.elements.update(NO_DIALOG)
        elif deed.act == CONFIRM:
            password = deed.only("password")
            in_background(lambda: self._confirm(password), _show)

    def _confirm(self, password: str) -> Callable[[], None]:
        try:
            self._present.confirm(password)
        except SignedOutError:
            return self._leave
        except (NNTrackerError, TooManyAttemptsError) as error:
            why = str(error)
            return lambda: self.elements.update(_password_dialog(why))
        return self._confirmed

    def _confirmed(self) -> None:
        self.elements.update(NO_DIALOG)
        self._again()

    def _ask(self, again: Callable[[], None]) -> None:
        self._again = again
        self.elements.update(_password_dialog(""))

    def _refuse(self, why: str) -> None:
        self._notices.say(why, is_bad=True)

    def _leave(self) -> None:
        self.elements.load("/welcome")


def _show(outcome: Callable[[], None]) -> None:
    outcome()


def _password_dialog(wrong: str) -> Tree:
    field = text_field(
        "password",
        "Your password",
        hint="An open screen is not enough for this. Not asked again for a quarter of an hour.",
        wrong=wrong,
        type="password",
        autocomplete="current-password",
        required=True,
        maxlength=256,
        autofocus=True,
    )
    return dialog("Is it you?", field, act=CONFIRM, confirm="Go on")
