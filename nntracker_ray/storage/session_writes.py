"""Sessions, and the links that open them. Only hashes of secrets come in here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

ENDED = "nntracker_sessions"  # the channel on which hashes of ended sessions are told, in hex
IDLE = timedelta(hours=12)  # a session that is not used for so long is over


@dataclass(frozen=True, slots=True)
class SessionViewer:
    """Who looks through a session."""

    session_id: UUID
    user_id: UUID | None  # None: a visitor by a share link
    viewer_id: UUID  # the user, or the share link
    name: str
    role: Role
    experiment_id: UUID | None  # what a share link opens
    confirmed_at: datetime  # when the password was given last
    has_password: bool
    address: str = ""  # where it was opened

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A place where somebody is signed in."""

    session_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str  # what the browser says of itself


def create_login_link(conn: Connection, *, user_id: UUID, token_hash: bytes, expires_at: datetime) -> None:
    """Keep the hash of a link's token; the link opens one session, once, until it expires."""
    values = {"user_id": user_id, "token_hash": token_hash, "expires_at": expires_at}
    conn.execute(query("create_login_link"), values)


def use_login_link(conn: Connection, *, token_hash: bytes, now: datetime) -> UUID | None:
    """Whose account a link opens; None if it is unknown, used or expired. From then on it is used."""
    row = conn.execute(query("use_login_link"), {"token_hash": token_hash, "now": now}).fetchone()
    return row[0] if row else None


def open_session(
    conn: Connection,
    *,
    session_hash: bytes,
    now: datetime,
    expires_at: datetime,
    user_id: UUID | None = None,
    link_id: UUID | None = None,
    address: str = "",
    agent: str = "",
) -> UUID:
    """A new session of an account, or of a share link's visitor: one of the two. Returns its id."""
    values = {
        "session_hash": session_hash, "user_id": user_id, "link_id": link_id, "now": now, "expires_at": expires_at,
        "address": address[:100], "agent": agent[:300],
    }  # fmt: skip
    row = conn.execute(query("insert_session"), values).fetchone()
    assert row is not None, "an insertion returns its row"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def session_viewer(conn: Connection, *, session_hash: bytes, now: datetime) -> SessionViewer | None:
    """Who looks through this session; None if it is unknown or over, or its account is closed."""
    return _session_viewer(conn, {"session_hash": session_hash, "session_id": None}, now)


def session_called(conn: Connection, *, session_id: UUID, now: datetime) -> SessionViewer | None:
    """The same by the session's id: for pages, which hold no secret."""
    return _session_viewer(conn, {"session_hash": None, "session_id": session_id}, now)


def sessions_in_force(conn: Connection, *, session_hashes: Collection[bytes], now: datetime) -> set[bytes]:
    """Which of these are not over; does not count as using them."""
    values = {"session_hashes": [*session_hashes], "now": now, "idle": IDLE}
    return {bytes(found) for (found,) in conn.execute(query("sessions_in_force"), values)}


def list_sessions(conn: Connection, *, user_id: UUID, now: datetime) -> list[SessionRow]:
    """Where an account is signed in, the last used first."""
    with conn.cursor(row_factory=class_row(SessionRow)) as cursor:
        return cursor.execute(
            query("list_sessions"), {"user_id": user_id, "now": now, "idle": IDLE}
        ).fetchall()


def end_session(conn: Connection, *, session_hash: bytes) -> None:
    """Sign out; a session that is not there is no error."""
    rows = conn.execute(query("end_session"), {"session_hash": session_hash})
    announce_ended(conn, [bytes(found) for (found,) in rows])


def end_sessions(
    conn: Connection, *, user_id: UUID, session_id: UUID | None = None, except_id: UUID | None = None
) -> list[bytes]:
    """Sign an account out: in one place, everywhere, or everywhere but in one. Returns the hashes of what ended."""
    values = {"user_id": user_id, "session_id": session_id, "except_id": except_id}
    ended = [bytes(found) for (found,) in conn.execute(query("end_sessions"), values)]
    announce_ended(conn, ended)
    return ended


def announce_ended(conn: Connection, session_hashes: Sequence[bytes]) -> None:
    """Have every web server close what these sessions have open, whichever process has ended them."""
    if session_hashes:
        conn.execute(query("announce_ended_sessions"), {"session_hashes": [*session_hashes]})


def confirm_session(conn: Connection, *, session_id: UUID, now: datetime) -> None:
    """Note that the password was given again."""
    conn.execute(query("confirm_session"), {"session_id": session_id, "now": now})


def forget_what_is_over(conn: Connection, *, now: datetime) -> None:
    """Remove sessions, login links and counted attempts that no longer matter."""
    conn.execute(query("forget_old_sessions"), {"now": now, "idle": IDLE})


def _session_viewer(
    conn: Connection, which: Mapping[str, bytes | UUID | None], now: datetime
) -> SessionViewer | None:
    with conn.cursor(row_factory=class_row(SessionViewer)) as cursor:
        return cursor.execute(query("session_viewer"), {**which, "now": now, "idle": IDLE}).fetchone()
