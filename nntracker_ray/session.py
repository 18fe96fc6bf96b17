"""A data folder, its database, and who is asking: what every door but the web begins with."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.home import Home
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database, resolve_dsn


@dataclass(frozen=True, slots=True)
class Session:
    """A data folder, its database, and who is asking."""

    home: Home
    database: Database
    user_id: UUID
    user: str  # the name under which changes are kept

    @classmethod
    def open(cls, home: Home | None = None) -> Session:
        """Open the database of a running platform (or the one that NNTRACKER_DATABASE_URL names).

        Raises: DatabaseAwayError: No database answers.
        """
        home = home or Home.default()
        return cls.on(home, Database(resolve_dsn(home), application="nntracker client"))

    @classmethod
    def on(cls, home: Home, database: Database) -> Session:
        """The local account on a database that is open. Raises: DatabaseAwayError: It does not answer."""
        with database.connection() as conn:
            user_id = writes.ensure_local_account(conn)
            return cls(home, database, user_id, writes.user_name(conn, user_id))
