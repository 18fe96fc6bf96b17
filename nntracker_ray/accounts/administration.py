"""What administrators do with the accounts of others, and with the settings of the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts import quota
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.names import checked_full_name, checked_name
from nntracker_ray.accounts.registration import Registration
from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError, did_you_mean
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import account_writes, session_writes, settings, token_writes
from nntracker_ray.storage.account_locks import lock_accounts
from nntracker_ray.storage.account_queries import Account, find_account
from nntracker_ray.storage.invitation_writes import revoke_invitations_of

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection, Database

SETTINGS: Mapping[str, tuple[str, ...]] = {"registration": tuple(Registration), quota.SETTING: ()}


def make_account(database: Database, actor: Actor, *, name: str, full_name: str = "", role: Role) -> UUID:
    """An account without password: a one-time link opens it, and its owner then sets one. Returns its id.

    Raises: BadInputError: The name cannot be used; ConflictError: It is taken.
    """
    _require_administrator(actor)
    with database.connection() as conn:
        user_id = account_writes.add_account(
            conn,
            name=checked_name(name),
            full_name=checked_full_name(full_name),
            role=role,
            password_hash=None,
        )
        actor.note(conn, "made an account", name, f"as {role}")
    return user_id


def change_role(database: Database, actor: Actor, user_id: UUID, role: Role) -> list[bytes]:
    """`change_account` of the role alone."""
    return change_account(database, actor, user_id, role=role)


def set_disabled(database: Database, actor: Actor, user_id: UUID, *, disabled: bool) -> list[bytes]:
    """`change_account` of whether it is closed alone."""
    return change_account(database, actor, user_id, disabled=disabled)


def change_account(
    database: Database,
    actor: Actor,
    user_id: UUID,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
) -> list[bytes]:
    """Give an account another role, close it or open it again; all that is given, or nothing.

    Its sessions end with a new role, so that none outlives a privilege. Closed, it cannot sign in, and its tokens do
    not work; its runs go on. Who administers no more has invited nobody any more.

    Returns: hashes of the sessions that ended, whose websockets must be closed.
    Raises:
        NotFoundError: No such account.
        ConflictError: Nobody would be left to look after the platform, or one would close one's own account.
    """
    _require_administrator(actor)
    if disabled and user_id == actor.user_id:
        raise ConflictError("you cannot disable your own account; another administrator can")
    with database.connection() as conn:
        account = find_account(conn, user_id)
        ended = [] if role is None else _give_role(conn, actor, account, role)
        return ended if disabled is None else ended + _close(conn, actor, account, disabled=disabled)


def _give_role(conn: Connection, actor: Actor, account: Account, role: Role) -> list[bytes]:
    account_writes.change_account(conn, account.user_id, role=role)
    actor.note(conn, "changed a role", account.name, f"{account.role} to {role}")
    if role is not Role.ADMINISTRATOR:
        _take_back_invitations(conn, actor, account)
    if account.user_id == actor.user_id:
        return []
    return session_writes.end_sessions(conn, user_id=account.user_id)


def _close(conn: Connection, actor: Actor, account: Account, *, disabled: bool) -> list[bytes]:
    account_writes.set_disabled(conn, account.user_id, disabled=disabled)
    actor.note(conn, "disabled an account" if disabled else "enabled an account", account.name)
    if not disabled:
        return []
    _take_back_invitations(conn, actor, account)
    return session_writes.end_sessions(conn, user_id=account.user_id)


def _take_back_invitations(conn: Connection, actor: Actor, account: Account) -> None:
    """Else somebody who expects to be sent away leaves a door open, and comes back as an administrator."""
    if count := revoke_invitations_of(conn, user_id=account.user_id, now=datetime.now(UTC)):
        actor.note(conn, "took back invitations", account.name, f"{count} that nobody had used")


def delete_account(database: Database, actor: Actor, user_id: UUID, *, heir_id: UUID | None) -> list[bytes]:
    """Remove an account. Returns the hashes of its sessions, whose websockets must be closed.

    Args:
        heir_id: Who gets its experiments, datasets and models; without an heir it may have no experiments.
    Raises:
        NotFoundError: No such account, or no such heir.
        ConflictError: It is one's own, the only administrator's, or has experiments and no heir.
    """
    _require_administrator(actor)
    if user_id == actor.user_id:
        raise ConflictError("you cannot delete your own account; another administrator can")
    with database.connection() as conn:
        # What it is given between counting and deleting would be deleted with it.
        lock_accounts(conn, [user_id] if heir_id is None else [user_id, heir_id])
        account = find_account(conn, user_id)
        left = _bequeath(conn, account, heir_id)
        _take_back_invitations(conn, actor, account)
        ended = session_writes.end_sessions(conn, user_id=user_id)
        token_writes.revoke_tokens(conn, user_id=user_id)
        account_writes.delete_account(conn, user_id)
        actor.note(conn, "deleted an account", account.name, left)
    return ended


def change_settings(
    database: Database,
    actor: Actor,
    wanted: Mapping[str, JsonValue],
    *,
    provided: Callable[[Connection], None] = lambda _: None,
) -> None:
    """Set what is given.

    Args:
        provided: Looks at the settings as they are, and raises what is to prevent the change.
    Raises: BadInputError: An unknown setting, or a value that it cannot have.
    """
    _require_administrator(actor)
    for key, value in wanted.items():
        if key not in SETTINGS:
            raise BadInputError(f"unknown setting {key!r:.60}. {did_you_mean(key, list(SETTINGS))}".strip())
        if key == quota.SETTING:
            _check_quota(value)
        elif value not in SETTINGS[key]:
            raise BadInputError(f"{key} cannot be {value!r:.60}; allowed: {', '.join(SETTINGS[key])}")
    with database.connection() as conn:
        settings.lock_settings(conn)
        provided(conn)
        before = all_settings(conn)
        changed = {key: value for key, value in wanted.items() if value != before[key]}
        settings.set_settings(conn, changed, by=actor.name)
        for key, value in changed.items():
            actor.note(conn, "changed a setting", key, str(value))


def all_settings(conn: Connection) -> dict[str, JsonValue]:
    """Every setting as it is in force."""
    defaults = {"registration": Registration.INVITATION, quota.SETTING: quota.DEFAULT_GB}
    return {**defaults, **settings.find_settings(conn)}


def _check_quota(value: JsonValue) -> None:
    if not isinstance(value, int | float) or not 0 <= value <= quota.GREATEST_GB:
        raise BadInputError(
            f"{quota.SETTING} cannot be {value!r:.60}; allowed: 0 to {quota.GREATEST_GB:,.0f} GB"
        )


def _bequeath(conn: Connection, account: Account, heir_id: UUID | None) -> str:
    if heir_id is None:
        if owned := account_writes.experiments_owned(conn, account.user_id):
            raise ConflictError(
                f"{account.name} has {owned} experiments; delete them first, or say who shall have them"
            )
        return "it had no experiments"
    if heir_id == account.user_id:
        raise ConflictError("an account cannot leave its experiments to itself")
    heir = find_account(conn, heir_id)
    given = account_writes.give_everything(conn, user_id=account.user_id, heir_id=heir_id)
    return f"{given.experiments} experiments with {given.runs} runs now belong to {heir.name}"


def _require_administrator(actor: Actor) -> None:
    """The doors have looked already; this is the second lock. Raises: NotFoundError."""
    if not actor.role.allows(Role.ADMINISTRATOR):
        raise NotFoundError("no such page")
