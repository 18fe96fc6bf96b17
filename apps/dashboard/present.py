"""Who acts on an open page: asked anew at each deed, because a websocket passes the gate only once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from apps.api.sign_in import Caller, PageCaller, Sessions, Visit
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.own_account import require_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import NNTrackerError, NotFoundError
from nntracker_ray.storage import session_writes
from nntracker_ray.storage.connection import Database


class SignedOutError(NNTrackerError):
    """The page's session is over."""


class ConfirmFirstError(NNTrackerError):
    """The password was given too long ago for this."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody at an open page. Blocking: call from a thread."""

    database: Database
    page: PageCaller

    def caller(self) -> Caller:
        """As the database knows them now. Raises: SignedOutError."""
        found = Sessions(self.database).present(self.page, now=datetime.now(UTC))
        if found is None or found.user_id is None:
            raise SignedOutError("you are signed out")
        return found

    def actor(self, least: Role = Role.VIEWER, *, confirmed: bool = False) -> Actor:
        """The account that acts.

        Args:
            least: The role that this needs.
            confirmed: Whether the password must have been given lately.
        Raises:
            SignedOutError: The session was ended, or the account disabled.
            NotFoundError: The role was changed.
            ConfirmFirstError: `confirm` first.
        """
        caller = self.caller()
        if not caller.role.allows(least):
            raise NotFoundError(f"this needs the role {least}; yours is {caller.role} by now")
        if confirmed and not caller.is_confirmed(datetime.now(UTC)):
            raise ConfirmFirstError("give your password again first")
        return _actor(caller)

    def confirm(self, password: str) -> None:
        """Note that the password was given again.

        Raises: BadInputError: It is wrong; SignedOutError; apps.api.sign_in.TooManyAttemptsError.
        """
        caller, now = self.caller(), datetime.now(UTC)
        self.count_attempt(caller, now)
        require_password(self.database, _actor(caller), password)
        if caller.session_id is not None:
            with self.database.connection() as conn:
                session_writes.confirm_session(conn, session_id=caller.session_id, now=now)

    def count_attempt(self, caller: Caller, now: datetime) -> None:
        """Count a guess of this account's password. Raises: apps.api.sign_in.TooManyAttemptsError."""
        Sessions(self.database).count_attempt(caller.name, Visit(caller.address), now=now)


def _actor(caller: Caller) -> Actor:
    assert caller.user_id is not None, "looked at in `caller`"  # noqa: S101 - for the type checker
    return Actor(caller.user_id, caller.name, caller.role, caller.address)
