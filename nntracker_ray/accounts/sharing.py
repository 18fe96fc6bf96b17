"""Letting others see an experiment: an account, or whoever has a link. The same for REST and pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.secrets import new_secret, secret_hash
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.storage import sharing_writes
from nntracker_ray.storage.account_queries import account_called

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Database

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link at the one moment when it can be read."""

    link_id: UUID
    secret: str
    expires_at: datetime


def share(database: Database, actor: Actor, experiment_id: UUID, *, name: str, may_act: bool) -> None:
    """Let an account see an experiment, or also act on it.

    Raises:
        NotFoundError: No such experiment of the actor's, or nobody of that name.
        ConflictError: It is one's own account, or the owner's.
    """
    with database.connection() as conn:
        owner_id = sharing_writes.require_sharer(conn, actor_id=actor.user_id, experiment_id=experiment_id)
        account = account_called(conn, name)
        if account is None:
            raise NotFoundError(f"nobody here is called {name!r:.80}")
        if account.user_id == actor.user_id:
            raise ConflictError("you see it already")
        if account.user_id == owner_id:
            raise ConflictError(f"it is {account.name}'s own")
        sharing_writes.share_with(
            conn,
            actor_id=actor.user_id,
            experiment_id=experiment_id,
            user_id=account.user_id,
            may_act=may_act,
            by=actor.name,
        )
        how = f"with {account.name}, to {'act' if may_act else 'see'}"
        actor.note(conn, "shared an experiment", str(experiment_id), how)


def unshare(database: Database, actor: Actor, experiment_id: UUID, user_id: UUID) -> None:
    """An account no longer sees it. Raises: NotFoundError: It is not shared with it by the actor."""
    with database.connection() as conn:
        sharing_writes.unshare(conn, actor_id=actor.user_id, experiment_id=experiment_id, user_id=user_id)
        actor.note(conn, "stopped sharing an experiment", str(experiment_id), f"with {user_id}")


def make_link(database: Database, actor: Actor, experiment_id: UUID, *, days: int) -> NewLink:
    """A link by which anybody who has it sees this experiment, and nothing else, until it expires.

    Raises:
        BadInputError: It would live longer than a year, or not at all.
        NotFoundError: No such experiment of the actor's.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInputError(f"a link opens for 1 to {LONGEST_DAYS} days; {days} came")
    secret, expires_at = new_secret(), datetime.now(UTC) + timedelta(days=days)
    with database.connection() as conn:
        link_id = sharing_writes.add_share_link(
            conn,
            actor_id=actor.user_id,
            experiment_id=experiment_id,
            token_hash=secret_hash(secret),
            by=actor.name,
            expires_at=expires_at,
        )
        actor.note(conn, "made a link to an experiment", str(experiment_id), f"until {expires_at:%Y-%m-%d}")
    return NewLink(link_id, secret, expires_at)


def revoke_link(database: Database, actor: Actor, experiment_id: UUID, link_id: UUID) -> list[bytes]:
    """The link opens nothing any more. Returns: The hashes of the sessions that it had opened, and that ended.

    Raises: NotFoundError: No such link to an experiment of the actor's.
    """
    with database.connection() as conn:
        ended = sharing_writes.revoke_share_link(
            conn, actor_id=actor.user_id, experiment_id=experiment_id, link_id=link_id
        )
        actor.note(conn, "took back a link to an experiment", str(experiment_id))
    return ended
