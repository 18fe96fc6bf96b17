"""The REST interface for one command alone, where no platform serves it: on a socket that nobody else can reach."""

from __future__ import annotations

import hmac
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import uvicorn

from apps.api.app import WebSettings, build_rest
from apps.api.sign_in import Caller, Sessions
from apps.opened_database import open_session
from apps.opened_platform import OWN_URL
from nntracker_ray.accounts.roles import Scope
from nntracker_ray.accounts.secrets import new_token
from nntracker_ray.client.api import Api
from nntracker_ray.client.places import Place
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.session import Session
from nntracker_ray.storage.account_queries import find_account
from nntracker_ray.storage.connection import Database, resolve_dsn

LOOK_S = 0.005
STARTS_WITHIN_S = 20.0
ENDS_WITHIN_S = 2.0


class OneCaller(Sessions):
    """Lets in whoever holds one token, which is stored nowhere."""

    def __init__(self, database: Database, caller: Caller, token: str) -> None:
        super().__init__(database)
        self._caller = caller
        self._token = token

    def token_caller(self, token: str, *, now: datetime) -> Caller | None:  # noqa: ARG002 - it does not expire
        """The caller; None for another token."""
        return self._caller if hmac.compare_digest(token.encode(), self._token.encode()) else None


@contextmanager
def own_api(home: Home) -> Iterator[Api]:
    """The platform's interface without a platform: the database is started for the time of the block.

    Raises: DatabaseAwayError: The database that is named does not answer. PlatformError.
    """
    with open_session(home) as session, tempfile.TemporaryDirectory(prefix="nntracker-") as folder:
        socket, token = str(Path(folder) / "socket"), new_token()
        caller = _local_caller(session)
        app = build_rest(
            WebSettings(home, resolve_dsn(home)), lambda database: OneCaller(database, caller, token)
        )
        # Without a log_config: uvicorn's own closes every handler of this process, and with them others' streams.
        config = uvicorn.Config(
            app, uds=socket, log_config=None, log_level="critical", timeout_graceful_shutdown=1
        )
        with _served(config):
            api = Api(Place(OWN_URL, token), transport=httpx.HTTPTransport(uds=socket))
            try:
                yield api
            finally:
                api.close()


@contextmanager
def _served(config: uvicorn.Config) -> Iterator[None]:
    server = uvicorn.Server(config)
    # A daemon: an answer that is still waited for must not keep the command from ending.
    thread = threading.Thread(target=server.run, name="own server", daemon=True)
    thread.start()
    _await(lambda: server.started, thread)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(ENDS_WITHIN_S)


def _await(is_so: Callable[[], bool], thread: threading.Thread) -> None:
    ends_at_s = time.monotonic() + STARTS_WITHIN_S
    while not is_so():
        if not thread.is_alive() or time.monotonic() > ends_at_s:
            raise PlatformError("the command's own server did not start; try again, or `nntracker start`")
        time.sleep(LOOK_S)


def _local_caller(session: Session) -> Caller:
    with session.database.connection() as conn:
        account = find_account(conn, session.user_id)
    return Caller(account.user_id, account.user_id, account.name, account.role, frozenset(Scope))
