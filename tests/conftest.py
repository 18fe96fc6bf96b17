"""What tests of every area share: a real PostgreSQL, and a fresh database in it for each test."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer

# A busy machine is no defect of ours: the first example of a test pays for its imports.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Ray reads these once in a process, so every cluster of a test session asks for the same token.
_RAY_FOLDER = tempfile.TemporaryDirectory(prefix="nntracker-tests-")
_TOKEN = Path(_RAY_FOLDER.name) / "token"
_TOKEN.touch(mode=0o600)
_TOKEN.write_text(secrets.token_hex(32))
os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=str(_TOKEN), RAY_USAGE_STATS_ENABLED="0")


@dataclass(frozen=True)
class TemplateDatabase:
    """A migrated database to copy from: a copy takes a fraction of the time that migrating does."""

    dsn: str  # of a database to send CREATE DATABASE from
    name: str

    @classmethod
    def make(cls, dsn: str) -> TemplateDatabase:
        name = f"template_{secrets.token_hex(6)}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        database = Database(make_conninfo(dsn, dbname=name))
        migrate(database)
        database.close()
        cls._shut(dsn, name)
        return cls(dsn, name)

    @staticmethod
    def _shut(dsn: str, name: str) -> None:
        """A database can be copied only while nobody is connected, and TimescaleDB's workers like to be."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name))
            )
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    def copy(self) -> Iterator[str]:
        """The DSN of a fresh copy, dropped afterwards, whoever is still connected."""
        copy = sql.Identifier(f"test_{secrets.token_hex(6)}")
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, sql.Identifier(self.name))
            )
            yield make_conninfo(self.dsn, dbname=copy.as_string().strip('"'))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """An embedded server of its own, for the whole session."""
    server = EmbeddedServer(Home(tmp_path_factory.mktemp("postgres")))
    server.start()
    # Thrown away after the tests: waiting for the disk at each of their commits would be most of their time.
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def embedded_template(postgres: EmbeddedServer) -> TemplateDatabase:
    """The migrated database that each test gets a copy of."""
    return TemplateDatabase.make(postgres.dsn)


@pytest.fixture
def database_url(embedded_template: TemplateDatabase) -> Iterator[str]:
    """The DSN of a fresh, migrated, empty database."""
    yield from embedded_template.copy()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A `Database` on it."""
    database = Database(database_url, application="nntracker tests")
    yield database
    database.close()


@pytest.fixture(scope="module")
def module_database_url(embedded_template: TemplateDatabase) -> Iterator[str]:
    """The DSN of a fresh database for a whole module, whose tests share a Ray, a web server or their examples."""
    yield from embedded_template.copy()


@pytest.fixture(scope="module")
def module_database(module_database_url: str) -> Iterator[Database]:
    """A `Database` on it."""
    database = Database(module_database_url, application="nntracker tests")
    yield database
    database.close()
