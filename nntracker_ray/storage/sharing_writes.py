"""Letting others see an experiment: accounts, or whoever has a link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.session_writes import announce_ended
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class ShareRow:
    """An account that an experiment is shared with."""

    user_id: UUID
    name: str
    full_name: str
    may_act: bool
    by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A read-only link that still opens an experiment."""

    link_id: UUID
    by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What the token of a share link stands for."""

    link_id: UUID
    experiment_id: UUID
    expires_at: datetime


def share_with(
    conn: Connection, *, actor_id: UUID, experiment_id: UUID, user_id: UUID, may_act: bool, by: str
) -> None:
    """Let an account see an experiment, or also act on it.

    Raises: NotFoundError: No such experiment, or it is not the actor's to share.
    """
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    values = {"experiment_id": experiment_id, "user_id": user_id, "may_act": may_act, "by": by}
    conn.execute(query("share_experiment"), values)


def unshare(conn: Connection, *, actor_id: UUID, experiment_id: UUID, user_id: UUID) -> None:
    """An account no longer sees an experiment. Raises: NotFoundError: It is not shared with it by the actor."""
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    values = {"experiment_id": experiment_id, "user_id": user_id}
    if conn.execute(query("unshare_experiment"), values).fetchone() is None:
        raise NotFoundError(f"experiment {experiment_id} is not shared with account {user_id}")


def list_shares(conn: Connection, *, actor_id: UUID, experiment_id: UUID) -> list[ShareRow]:
    """Whom it is shared with. Raises: NotFoundError: No such experiment, or it is not the actor's to share."""
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    with conn.cursor(row_factory=class_row(ShareRow)) as cursor:
        return cursor.execute(query("list_shares_of_experiment"), {"experiment_id": experiment_id}).fetchall()


def add_share_link(
    conn: Connection, *, actor_id: UUID, experiment_id: UUID, token_hash: bytes, by: str, expires_at: datetime
) -> UUID:
    """Keep a new link. Raises: NotFoundError: No such experiment, or it is not the actor's to share."""
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    values = {"experiment_id": experiment_id, "token_hash": token_hash, "by": by, "expires_at": expires_at}
    row = conn.execute(query("insert_share_link"), values).fetchone()
    assert row is not None, "an insertion returns its row"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def opened_link(conn: Connection, *, token_hash: bytes, now: datetime) -> OpenedLink | None:
    """What a token opens; None if it is unknown, over or revoked."""
    with conn.cursor(row_factory=class_row(OpenedLink)) as cursor:
        return cursor.execute(query("find_share_link"), {"token_hash": token_hash, "now": now}).fetchone()


def list_share_links(
    conn: Connection, *, actor_id: UUID, experiment_id: UUID, now: datetime
) -> list[ShareLink]:
    """Links that still open it. Raises: NotFoundError: No such experiment, or it is not the actor's to share."""
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    with conn.cursor(row_factory=class_row(ShareLink)) as cursor:
        return cursor.execute(
            query("list_share_links"), {"experiment_id": experiment_id, "now": now}
        ).fetchall()


def revoke_share_link(conn: Connection, *, actor_id: UUID, experiment_id: UUID, link_id: UUID) -> list[bytes]:
    """End a link and the sessions that it opened. Returns: The hashes of those sessions.

    Raises: NotFoundError: No such link to an experiment that is the actor's to share.
    """
    require_sharer(conn, actor_id=actor_id, experiment_id=experiment_id)
    values = {"experiment_id": experiment_id, "link_id": link_id}
    rows = conn.execute(query("revoke_share_link"), values).fetchall()
    if not rows:
        raise NotFoundError(f"no link {link_id} to experiment {experiment_id}")
    ended = [bytes(found) for (found,) in rows if found is not None]
    announce_ended(conn, ended)
    return ended


def require_sharer(conn: Connection, *, actor_id: UUID, experiment_id: UUID) -> UUID:
    """Whose experiment it is. Raises: NotFoundError: No such experiment, or it is not the actor's to share."""
    values = {"actor_id": actor_id, "experiment_id": experiment_id}
    row = conn.execute(query("experiment_owner"), values).fetchone()
    if row is None:
        raise NotFoundError(f"no experiment {experiment_id} that is yours to share")
    return UUID(str(row[0]))
