"""The database of a data folder for the time of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nntracker_ray.home import Home
from nntracker_ray.session import Session
from nntracker_ray.storage.connection import Database, named_dsn, resolve_dsn
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer


@contextmanager
def open_database(home: Home) -> Iterator[Database]:
    """The database of this data folder, started for the time of the block if nobody else runs it."""
    home.create()
    server = None if named_dsn() else EmbeddedServer(home)
    database = Database(resolve_dsn(home, start=True), application="nntracker command")
    try:
        migrate(database)
        yield database
    finally:
        database.close()
        if server is not None:
            server.release()


@contextmanager
def open_session(home: Home) -> Iterator[Session]:
    """The same with the local account, which is who asks on a command line."""
    with open_database(home) as database:
        yield Session.on(home, database)
