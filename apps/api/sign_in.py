"""Sessions and one-time sign-in links: random secrets outside, only their SHA-256 in the database."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.storage import writes

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Database

LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(days=7)
SECRET_BYTES = 32
# Set by the gate and by nobody else: Panel hands its pages nothing but headers.
CALLER_HEADER = "x-nntracker-caller"


def new_secret() -> str:
    """256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """What the database keeps. Plain SHA-256 is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def make_login_link(database: Database, address: str) -> str:
    """A link that signs the local account in, once, within a quarter of an hour.

    Args:
        database: Where accounts live.
        address: Of the web server: "http://127.0.0.1:8000".
    Returns: The secret stands behind '#', which browsers do not send: it reaches no server log and no Referer.
    """
    secret = new_secret()
    with database.connection() as conn:
        user_id = writes.ensure_local_account(conn)
        expires_at = datetime.now(UTC) + LINK_LIFETIME
        writes.create_login_link(conn, user_id=user_id, token_hash=secret_hash(secret), expires_at=expires_at)
    return f"{address.rstrip('/')}/welcome#{secret}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request."""

    user_id: UUID
    session: bytes  # SHA-256 of the session's secret

    @property
    def fingerprint(self) -> str:
        """Tells sessions apart in page tokens, and gives nothing away: a hash of the hash."""
        return hashlib.sha256(b"page:" + self.session).hexdigest()


class Sessions:
    """Redeems links, recognises cookies, ends sessions. Blocking: call from a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def redeem(self, link_secret: str, *, now: datetime, replaces: str | None = None) -> str | None:
        """A new session's secret for a good link, None for one that is used, expired or made up.

        Args:
            replaces: The secret of the session held until now, which ends.
        """
        session = new_secret()
        with self._database.connection() as conn:
            user_id = writes.redeem_login_link(
                conn,
                token_hash=secret_hash(link_secret),
                session_hash=secret_hash(session),
                now=now,
                expires_at=now + SESSION_LIFETIME,
            )
            if user_id is not None and replaces:
                writes.end_session(conn, session_hash=secret_hash(replaces))
        return session if user_id is not None else None

    def caller(self, secret: str | None, *, now: datetime) -> Caller | None:
        """Who holds this cookie; None when nobody does, or no longer."""
        if not secret:
            return None
        session = secret_hash(secret)
        with self._database.connection() as conn:
            user_id = writes.session_user(conn, session_hash=session, now=now)
        return Caller(user_id, session) if user_id is not None else None

    def end(self, session: bytes) -> None:
        """Sign out."""
        with self._database.connection() as conn:
            writes.end_session(conn, session_hash=session)
