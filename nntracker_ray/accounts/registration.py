"""How people get accounts: by themselves, by invitation, or from an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.names import checked_full_name, checked_name
from nntracker_ray.accounts.passwords import check_password, hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.secrets import new_secret, secret_hash
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.storage import account_writes, invitation_writes
from nntracker_ray.storage.settings import find_settings

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection, Database

INVITATION_LIFETIME = timedelta(days=7)


class Registration(StrEnum):
    """Who may make an account."""

    OPEN = "open"  # anybody who reaches the page
    INVITATION = "invitation"  # whoever has a link from an administrator
    CLOSED = "closed"  # nobody, not with an invitation either; administrators make accounts


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody gives to register."""

    name: str
    password: str
    full_name: str = ""
    invitation: str | None = None  # the secret of an invitation


def registration(conn: Connection) -> Registration:
    """Who may make an account, as an administrator has set it; at first only who is invited."""
    return Registration(find_settings(conn).get("registration", Registration.INVITATION))


def register(database: Database, wanted: NewAccount, *, address: str = "") -> UUID:
    """Make an account. Returns its id.

    Raises:
        BadInputError: Name, password or invitation cannot be used.
        NotFoundError: Registration is closed, or by invitation alone and none came.
        ConflictError: The name is taken.
    """
    name, full_name = checked_name(wanted.name), checked_full_name(wanted.full_name)
    check_password(wanted.password, about=(name, full_name))
    with database.connection() as conn:
        _require_open(registration(conn), wanted.invitation)
    password_hash = hash_password(wanted.password)
    with database.connection() as conn:
        invitation_id, role = _invited(conn, wanted.invitation)
        user_id = account_writes.add_account(
            conn, name=name, full_name=full_name, role=role, password_hash=password_hash
        )
        if invitation_id is not None:
            invitation_writes.note_invited(conn, invitation_id=invitation_id, user_id=user_id)
        how = "by invitation" if invitation_id is not None else "by themselves"
        Actor(user_id, name, role, address).note(conn, "registered", name, f"{how}, as {role}")
    return user_id


def invite(database: Database, actor: Actor, role: Role) -> tuple[UUID, str]:
    """An invitation for one person, good for a week. Returns: Its id, and the secret that the link ends with.

    Raises: ConflictError: Registration is closed: the link would open nothing.
    """
    secret, expires_at = new_secret(), datetime.now(UTC) + INVITATION_LIFETIME
    with database.connection() as conn:
        if registration(conn) is Registration.CLOSED:
            raise ConflictError("registration is closed; make an account instead, or set it to invitation")
        invitation_id = invitation_writes.add_invitation(
            conn, token_hash=secret_hash(secret), role=role, by=actor.name, expires_at=expires_at
        )
        actor.note(conn, "invited somebody", str(invitation_id)[:8], f"as {role}")
    return invitation_id, secret


def revoke_invitation(database: Database, actor: Actor, invitation_id: UUID) -> None:
    """Take an invitation back. Raises: NotFoundError: It was used, or there is none of that id."""
    with database.connection() as conn:
        invitation_writes.revoke_invitation(conn, invitation_id=invitation_id, now=datetime.now(UTC))
        actor.note(conn, "took back an invitation", str(invitation_id)[:8])


def _require_open(mode: Registration, invitation: str | None) -> None:
    if mode is Registration.CLOSED:
        raise NotFoundError("registration is closed: ask an administrator for an account")
    if mode is Registration.INVITATION and not invitation:
        raise NotFoundError("registration is by invitation: ask an administrator for a link")


def _invited(conn: Connection, invitation: str | None) -> tuple[UUID | None, Role]:
    if not invitation:
        return None, Role.USER
    found = invitation_writes.use_invitation(conn, token_hash=secret_hash(invitation), now=datetime.now(UTC))
    if found is None:
        raise BadInputError("this invitation has been used, or has expired; ask for a new one")
    return found
