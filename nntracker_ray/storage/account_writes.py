"""Accounts, login links and sessions. Only hashes of secrets come in here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def ensure_local_account(conn: Connection) -> UUID:
    """The one owner of a platform that runs on a person's own machine; made when missing."""
    row = (
        conn.execute(query("ensure_local_account")).fetchone()
        or conn.execute(query("local_account")).fetchone()
    )
    assert row is not None, "inserted just now, or there before"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def create_login_link(conn: Connection, *, user_id: UUID, token_hash: bytes, expires_at: datetime) -> None:
    """Keep the hash of a link's token; the link opens one session, once, until it expires."""
    conn.execute(
        query("create_login_link"), {"user_id": user_id, "token_hash": token_hash, "expires_at": expires_at}
    )


def redeem_login_link(
    conn: Connection, *, token_hash: bytes, session_hash: bytes, now: datetime, expires_at: datetime
) -> UUID | None:
    """Open a session by a link. Returns its user; None if the link is unknown, used or expired.

    Args:
        expires_at: When the session ends.
    """
    values = {"token_hash": token_hash, "session_hash": session_hash, "now": now, "expires_at": expires_at}
    row = conn.execute(query("redeem_login_link"), values).fetchone()
    return row[0] if row else None


def session_user(conn: Connection, *, session_hash: bytes, now: datetime) -> UUID | None:
    """Whose session this is; None if there is no such session or it has expired."""
    row = conn.execute(query("session_user"), {"session_hash": session_hash, "now": now}).fetchone()
    return row[0] if row else None


def end_session(conn: Connection, *, session_hash: bytes) -> None:
    """Sign out; a session that is not there is no error."""
    conn.execute(query("end_session"), {"session_hash": session_hash})


def user_name(conn: Connection, user_id: UUID) -> str:
    """What an account is called; its id when it is gone."""
    row = conn.execute(query("user_name"), {"user_id": user_id}).fetchone()
    return str(row[0]) if row else str(user_id)
