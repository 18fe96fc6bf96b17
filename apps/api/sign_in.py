"""Signing in: by password, by one-time link, by share link; and who a cookie or a token stands for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from uuid import UUID

from nntracker_ray.accounts.login_links import login_link_secret
from nntracker_ray.accounts.passwords import hash_password, is_password, needs_rehash
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import TOKEN_PREFIX, new_secret, secret_hash
from nntracker_ray.storage import account_writes, session_writes, sharing_writes, token_writes
from nntracker_ray.storage.account_queries import account_called
from nntracker_ray.storage.attempt_writes import Limit, forget_attempts, take_attempt
from nntracker_ray.storage.audit_log import note_deed

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection, Database

SESSION_LIFETIME = timedelta(days=7)
CONFIRMED_FOR = timedelta(minutes=15)  # so long an administrator need not give the password again
# Set by the gate and by nobody else: Panel hands its pages nothing but headers.
CALLER_HEADER = "x-nntracker-caller"

PER_ACCOUNT = Limit("sign-in to an account", 5, timedelta(minutes=5))
PER_ADDRESS = Limit("sign-in from an address", 50, timedelta(minutes=5))
IN_ALL = Limit("sign-in", 500, timedelta(minutes=5))


class TooManyAttemptsError(Exception):
    """Somebody tries too often; nothing was looked up."""

    def __init__(self, window: timedelta) -> None:
        self.retry_after_s = int(window.total_seconds())
        super().__init__(f"too many attempts; try again in {self.retry_after_s // 60} minutes")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request."""

    viewer_id: UUID  # the account, or the share link by which somebody looks
    user_id: UUID | None  # None: a visitor by a share link
    name: str
    role: Role
    scopes: frozenset[Scope]
    session: bytes = b""  # SHA-256 of the session's secret; empty for a token
    session_id: UUID | None = None
    experiment_id: UUID | None = None  # what a share link opens
    confirmed_at: datetime | None = None  # when the password was given last
    has_password: bool = False
    address: str = ""  # where the session was opened

    @property
    def fingerprint(self) -> str:
        """Tells sessions apart in page tokens, and gives nothing away: a hash of the hash."""
        return hashlib.sha256(b"page:" + self.session).hexdigest()

    @property
    def header(self) -> str:
        """What pages are told: viewer, session (a fingerprint and its id), account or none, role, name."""
        return "/".join(
            (
                str(self.viewer_id),
                self.fingerprint,
                str(self.session_id or ""),
                str(self.user_id or ""),
                self.role,
                quote(self.name, safe=""),
            )
        )

    def is_confirmed(self, now: datetime) -> bool:
        """Whether this is certainly the person and not somebody at an open screen. Who has no password is believed."""
        if self.session_id is None or not self.has_password:
            return True
        return self.confirmed_at is not None and now - self.confirmed_at < CONFIRMED_FOR


@dataclass(frozen=True, slots=True)
class PageCaller:
    """Who looks at a page, as the gate told it."""

    viewer_id: UUID
    user_id: UUID | None
    role: Role
    name: str
    session_id: UUID | None = None  # None: looked at by a script with a token

    @classmethod
    def of(cls, header: str) -> PageCaller:
        """Read `Caller.header`."""
        viewer_id, _fingerprint, session_id, user_id, role, name = header.split("/")
        return cls(
            UUID(viewer_id),
            UUID(user_id) if user_id else None,
            Role(role),
            unquote(name),
            UUID(session_id) if session_id else None,
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from, for the list of sessions and the audit log."""

    address: str = ""
    agent: str = ""


def make_login_link(database: Database, address: str) -> str:
    """A link that signs the local account in, once, within a quarter of an hour.

    Args:
        database: Where accounts live.
        address: Of the web server: "http://127.0.0.1:8000".
    Returns: The secret stands behind '#', which browsers do not send: it reaches no server log and no Referer.
    """
    with database.connection() as conn:
        secret = login_link_secret(conn, account_writes.ensure_local_account(conn))
    return f"{address.rstrip('/')}/welcome#{secret}"


class Sessions:
    """Opens, recognises and ends sessions. Blocking: call from a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_password(
        self, name: str, password: str, *, now: datetime, visit: Visit, replaces: str | None = None
    ) -> str | None:
        """A new session's secret; None when name and password do not belong together, whichever of them is wrong.

        Args:
            replaces: The secret of the session held until now, which ends.
        Raises: TooManyAttemptsError: For this name, from this address, or in all.
        """
        with self._database.connection() as conn:
            account = account_called(conn, name)
        # By the account's own name: the database takes some letters for others that Python does not.
        self.count_attempt(account.name if account else name, visit, now=now)
        # Outside the transaction: it takes a fifth of a second, and a connection is dear.
        right = is_password(password, account.password_hash if account else None)
        with self._database.connection() as conn:
            if account is None or not right or account.disabled_at is not None:
                note_deed(conn, action="failed to sign in", by=name[:100] or "nobody", address=visit.address)
                return None
            forget_attempts(conn, PER_ACCOUNT, account.name)
            if account.password_hash and needs_rehash(account.password_hash):
                account_writes.change_account(conn, account.user_id, password_hash=hash_password(password))
            return self.open(conn, user_id=account.user_id, now=now, visit=visit, replaces=replaces)

    def by_link(
        self, link_secret: str, *, now: datetime, visit: Visit, replaces: str | None = None
    ) -> str | None:
        """A new session's secret for a good one-time link; None for one that is used, expired or made up."""
        with self._database.connection() as conn:
            user_id = session_writes.use_login_link(conn, token_hash=secret_hash(link_secret), now=now)
            if user_id is None:
                return None
            return self.open(conn, user_id=user_id, now=now, visit=visit, replaces=replaces)

    def by_share_link(
        self, link_secret: str, *, now: datetime, visit: Visit, replaces: str | None = None
    ) -> tuple[str, sharing_writes.OpenedLink] | None:
        """A visitor's session and what it opens; None for a link that is over, revoked or made up."""
        secret = new_secret()
        with self._database.connection() as conn:
            opened = sharing_writes.opened_link(conn, token_hash=secret_hash(link_secret), now=now)
            if opened is None:
                return None
            _end_held(conn, replaces)
            session_writes.open_session(
                conn,
                session_hash=secret_hash(secret),
                link_id=opened.link_id,
                now=now,
                expires_at=min(opened.expires_at, now + SESSION_LIFETIME),
                address=visit.address,
                agent=visit.agent,
            )
        return secret, opened

    def open(
        self, conn: Connection, *, user_id: UUID, now: datetime, visit: Visit, replaces: str | None
    ) -> str:
        """A new session of an account; the one held until now ends. Returns its secret."""
        secret = new_secret()
        session_writes.forget_what_is_over(conn, now=now)
        _end_held(conn, replaces)
        session_writes.open_session(
            conn,
            session_hash=secret_hash(secret),
            user_id=user_id,
            now=now,
            expires_at=now + SESSION_LIFETIME,
            address=visit.address,
            agent=visit.agent,
        )
        name = account_writes.user_name(conn, user_id)
        note_deed(conn, action="signed in", by=name, user_id=user_id, address=visit.address)
        return secret

    def caller(self, secret: str | None, *, now: datetime) -> Caller | None:
        """Who holds this cookie; None when nobody does, or no longer."""
        if not secret:
            return None
        session = secret_hash(secret)
        with self._database.connection() as conn:
            found = session_writes.session_viewer(conn, session_hash=session, now=now)
        return _caller(found, session) if found else None

    def present(self, page: PageCaller, *, now: datetime) -> Caller | None:
        """Who looks at an open page by now, as the database knows; None when the session is over."""
        if page.session_id is None:
            return None
        with self._database.connection() as conn:
            found = session_writes.session_called(conn, session_id=page.session_id, now=now)
        return _caller(found) if found and found.viewer_id == page.viewer_id else None

    def token_caller(self, token: str, *, now: datetime) -> Caller | None:
        """Who holds this API token; None when nobody does, or no longer."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        with self._database.connection() as conn:
            found = token_writes.token_viewer(conn, token_hash=secret_hash(token), now=now)
        if found is None:
            return None
        return Caller(found.user_id, found.user_id, found.name, found.role, found.scopes)

    def end(self, session: bytes) -> None:
        """Sign out."""
        with self._database.connection() as conn:
            session_writes.end_session(conn, session_hash=session)

    def count_attempt(self, name: str, visit: Visit, *, now: datetime) -> None:
        """Count a guess of somebody's password. Raises: TooManyAttemptsError: It is one too many."""
        for limit, subject in ((PER_ADDRESS, visit.address), (IN_ALL, ""), (PER_ACCOUNT, name)):
            with self._database.connection() as conn:
                if not take_attempt(conn, limit, subject, now=now):
                    raise TooManyAttemptsError(limit.window)


def _caller(found: session_writes.SessionViewer, session: bytes = b"") -> Caller:
    return Caller(
        found.viewer_id,
        found.user_id,
        found.name,
        found.role,
        frozenset(Scope) if found.user_id else frozenset({Scope.READ}),
        session,
        found.session_id,
        found.experiment_id,
        found.confirmed_at,
        bool(found.has_password),
        found.address,
    )


def _end_held(conn: Connection, secret: str | None) -> None:
    """What was known of a browser's session before it signed in is worth nothing afterwards."""
    if secret:
        session_writes.end_session(conn, session_hash=secret_hash(secret))
