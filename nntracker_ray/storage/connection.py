"""Connections to PostgreSQL, with limits on how long anything may take and our own errors at the border."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests
from tenacity import Retrying, retry_if_exception_type, stop_never, wait_exponential

from nntracker_ray.errors import DatabaseAwayError, PlatformError, StorageError, UnstorableTextError
from nntracker_ray.home import Home
from nntracker_ray.storage.repetition_writes import note_effect
from nntracker_ray.storage.server import EmbeddedServer
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.viewing import current_viewer

ENVIRONMENT_VARIABLE = "NNTRACKER_DATABASE_URL"
FILE_VARIABLE = (
    "NNTRACKER_DATABASE_URL_FILE"  # a file that holds it: a password does not belong in an environment
)
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 60
IDLE_IN_TRANSACTION_TIMEOUT_S = 120
GETTING_TIMEOUT_S = 5.0  # how long a caller waits for a connection before the database counts as away

# SQLSTATE class 54: psycopg counts these among the operational errors, but what is too large once stays so.
TOO_LARGE = (
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.TooManyColumns,
    psycopg.errors.TooManyArguments,
)

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# A network that is cut silently otherwise leaves a sender hanging for many minutes (15 in Linux).
NETWORK_LIMITS: Mapping[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": 10_000,  # ms
    "keepalives": 1,
    "keepalives_idle": 10,  # s
    "keepalives_interval": 5,  # s
    "keepalives_count": 3,
}


def named_dsn() -> str | None:
    """The database that `NNTRACKER_DATABASE_URL` or the file of `NNTRACKER_DATABASE_URL_FILE` names; None without them.

    Raises: PlatformError: The file cannot be read.
    """
    if url := os.environ.get(ENVIRONMENT_VARIABLE):
        return url
    if not (file := os.environ.get(FILE_VARIABLE)):
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PlatformError(
            f"{FILE_VARIABLE} names {file}, which cannot be read: {error.strerror}"
        ) from error


def resolve_dsn(home: Home, *, start: bool = False) -> str:
    """Where the database is: as `named_dsn` says, else the embedded server of `home`.

    Args:
        start: Whether to start the embedded server when it is not running.
    Raises:
        DatabaseAwayError: The embedded server is not running and was not to be started.
        PlatformError: It could not be started, or the file that should name it cannot be read.
    """
    if url := named_dsn():
        return url
    server = EmbeddedServer(home)
    if start:
        return server.start()
    if not server.is_running():
        raise DatabaseAwayError(
            f"no database is running in {home.root}; start the platform, or set {ENVIRONMENT_VARIABLE}"
        )
    return server.dsn


def limited(dsn: str, *, application: str, statement_timeout_s: float = STATEMENT_TIMEOUT_S) -> str:
    """The DSN with our limits and name added; what the DSN says itself has precedence."""
    given = conninfo_to_dict(dsn)
    # PostgreSQL expects recursive questions to be a hundred times their size: compiling takes longer than answering.
    settings = (
        f"-c jit=off -c statement_timeout={int(statement_timeout_s * 1000)}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_S * 1000}"
        " -c client_min_messages=warning -c timezone=UTC"
    )
    options = f"{settings} {given.pop('options', None) or ''}".strip()
    merged = {**NETWORK_LIMITS, "application_name": application, **given, "options": options}
    return make_conninfo("", **merged)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn psycopg's errors into ours: the border of this package.

    Raises:
        DatabaseAwayError: The connection failed or broke, or the server gave up for a passing reason.
        UnstorableTextError: A text holds a NUL character.
        StorageError: The server refused what was asked.
    """
    try:
        yield
    except psycopg.DataError as error:
        # Whoever sent such a text made a mistake that every door should name, also one that forgot to look.
        if "NUL" in str(error) or isinstance(error, psycopg.errors.UntranslatableCharacter):
            raise UnstorableTextError(
                "a text holds a NUL character, which the database cannot store; leave it out"
            ) from error
        raise StorageError(f"the database refused: {_first_line(error)}") from error
    except TOO_LARGE as error:
        raise StorageError(f"the database refused: {_first_line(error)}") from error
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        PoolTimeout,
        PoolClosed,
        TooManyRequests,
    ) as error:
        raise DatabaseAwayError(f"the database does not answer: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise StorageError(f"the database refused: {_first_line(error)}") from error


class Database:
    """A few pooled connections to one database. Connects when first used; safe to share between threads.

    Args:
        locked: Whether every transaction is bound to what `viewing.current_viewer` may see, as the web app's are.
    """

    def __init__(
        self, dsn: str, *, max_size: int = 4, application: str = "nntracker", locked: bool = False
    ) -> None:
        self._locked = locked
        self._dsn = limited(dsn, application=application)
        self._max_size = max_size
        self._application = application
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Connection] | None = None
        self._closed = threading.Event()

    @property
    def dsn(self) -> str:
        """Where it connects to, limits included; holds the password, if there is one."""
        return self._dsn

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises:
            DatabaseAwayError: No connection within 5 s, or it broke; trying again later may help.
            StorageError: The database refused a statement.
        """
        with translated_errors(), self._opened_pool().connection() as connection:
            if self._locked:
                connection.execute(query("look_as"), {"viewer": str(current_viewer() or "")})
            yield connection
            note_effect(connection)

    def listen(self, *channels: str, timeout_s: float | None = None) -> Iterator[tuple[str, str] | None]:
        """Yield (channel, payload) of every notification, on a connection of its own, for ever.

        None comes after each `timeout_s` without one, and after every connection made: what happened before
        or between went unheard, so look at the tables then. After an outage it connects again by itself.
        It ends after `close()`, at the next notification or timeout.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(psycopg.OperationalError),
            wait=wait_exponential(multiplier=0.2, max=2.0),
            stop=stop_never,
        )
        while not self._closed.is_set():
            connection = attempts(psycopg.connect, self._dsn, autocommit=True)
            try:
                yield from self._notifications(connection, channels, timeout_s)
            except psycopg.OperationalError:
                continue
            finally:
                connection.close()

    def close(self) -> None:
        """Close every connection; the object is of no use afterwards."""
        self._closed.set()
        with self._lock:
            if self._pool is not None:
                self._pool.close(timeout=2.0)

    def _notifications(
        self, connection: Connection, channels: tuple[str, ...], timeout_s: float | None
    ) -> Iterator[tuple[str, str] | None]:
        for channel in channels:
            connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        yield None
        while not self._closed.is_set():
            silent = True
            for notification in connection.notifies(timeout=timeout_s, stop_after=1):
                silent = False
                yield notification.channel, notification.payload
            if silent:
                yield None

    def _opened_pool(self) -> ConnectionPool[Connection]:
        with self._lock:
            if self._closed.is_set():
                raise PoolClosed("this Database was closed")
            if self._pool is None:
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> ConnectionPool[Connection]:
        return ConnectionPool(
            self._dsn,
            min_size=0,
            max_size=self._max_size,
            open=True,
            name=self._application,
            timeout=GETTING_TIMEOUT_S,
            # Give up with the caller: the next caller then tries at once instead of waiting out a long back-off.
            reconnect_timeout=GETTING_TIMEOUT_S,
            # A server that was restarted leaves dead connections behind; one round trip finds them.
            check=ConnectionPool.check_connection,
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
