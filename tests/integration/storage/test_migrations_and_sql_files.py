"""The schema is made of frozen files; every other statement is a file that PostgreSQL understands."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from nntracker_ray.errors import QueryError, SchemaError
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.migrations import has_timescale, migrate
from nntracker_ray.storage.server import EmbeddedServer
from nntracker_ray.storage.sql_files import migration_files, query, sql_folder, timescale_files

QUERY_NAMES = sorted(path.stem for path in (sql_folder() / "queries").glob("*.sql"))
NEED_A_STAGING_TABLE = {
    "merge_metrics": "metrics",
    "merge_metric_arrays": "metric_arrays",
    "merge_weight_arrays": "weight_arrays",
    "merge_log_lines": "run_log",
}


def empty(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def with_numbered_parameters(text: str) -> str:
    """%(name)s, psycopg's way, to $1, PostgreSQL's."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    return re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", text)


def change_noted_hash(database: Database) -> None:
    with database.connection() as connection:
        connection.execute(
            "UPDATE nntracker_migrations SET sha256 = 'other' WHERE name = '0001_accounts.sql'"
        )


class TestMigrating:
    def test_an_up_to_date_database_is_left_alone(self, database: Database):
        """Every start of every process migrates."""
        assert migrate(database) == []

    def test_processes_that_migrate_at_once_apply_each_file_once(self, database: Database, backend: str):
        """Many workers start at the same moment."""
        if backend == "timescale":
            pytest.skip("the extension cannot be dropped and made again in one connection")
        empty(database)
        applied: list[list[str]] = []
        starters = [threading.Thread(target=lambda: applied.append(migrate(database))) for _ in range(3)]

        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join(timeout=60)

        assert sorted(map(len, applied)) == [0, 0, len(migration_files())]

    def test_a_database_of_a_newer_version_is_refused(self, database: Database):
        """Old code on a new schema would write nonsense."""
        with database.connection() as connection:
            connection.execute(query("note_migration"), {"name": "9999_future.sql", "sha256": "x"})

        with pytest.raises(SchemaError, match=r"9999_future\.sql"):
            migrate(database)

    def test_a_file_that_was_changed_after_it_was_applied_is_refused(self, database: Database):
        """Two databases with the same history would differ, and nobody would know why."""
        change_noted_hash(database)

        with pytest.raises(SchemaError, match=r"0001_accounts\.sql"):
            migrate(database)

    def test_the_measurements_are_hypertables_where_timescaledb_is(self, database: Database, backend: str):
        """Partitioned by run: a deleted or finished run is a chunk of its own kind."""
        with database.connection() as connection:
            assert has_timescale(connection) == (backend == "timescale")
            if backend == "timescale":
                found = connection.execute(
                    "SELECT hypertable_name FROM timescaledb_information.dimensions"
                ).fetchall()
                assert sorted(name for (name,) in found) == ["metric_arrays", "metrics", "weight_arrays"]
                assert len(timescale_files()) == 2


class TestWithoutSuperuser:
    """A database that somebody else runs is used by an ordinary role."""

    @pytest.fixture
    def ordinary_url(self, postgres: EmbeddedServer) -> Iterator[str]:
        """A database of its own, owned by a role without further rights."""
        name, password = f"ordinary_{secrets.token_hex(4)}", secrets.token_hex(8)
        role = sql.Identifier(name)
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
            )
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
            connection.execute(sql.SQL("GRANT nntracker_reader TO {}").format(role))
            yield make_conninfo(postgres.tcp_dsn, user=name, password=password, dbname=name)
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))

    @pytest.mark.usefixtures("embedded_template")  # has made the reader's role, as an administrator would
    def test_an_ordinary_role_can_migrate_and_people_still_cannot_read_secrets(self, ordinary_url: str):
        """All that an administrator has to do is make the reader's role and grant it."""
        database = Database(ordinary_url)
        assert migrate(database)
        database.close()

        assert queries.read_only_sql(ordinary_url, "SELECT count(*) FROM runs").rows == [(0,)]
        for secret in ("SELECT * FROM users", "SELECT query_to_xml('TABLE sessions', true, true, '')"):
            with pytest.raises(QueryError, match="permission denied"):
                queries.read_only_sql(ordinary_url, secret)


class TestSqlFiles:
    def test_postgresql_understands_every_file(self, database: Database):
        """A typo in a rarely used statement is found here, not by a user."""
        with database.connection() as connection:
            for name in QUERY_NAMES:
                if table := NEED_A_STAGING_TABLE.get(name):
                    connection.execute(f"CREATE TEMP TABLE incoming_{table} (LIKE {table})")

                result = connection.pgconn.prepare(b"", with_numbered_parameters(query(name)).encode())

                assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, (
                    f"{name}: {result.error_message.decode()}"
                )

    @pytest.mark.parametrize("name", QUERY_NAMES)
    def test_every_file_says_what_it_is_for_takes_and_gives(self, name: str):
        """The head of the file is its documentation."""
        lines = query(name).splitlines()

        assert lines[0].startswith(f"-- {name}: ")
        assert any(line.startswith("-- parameters: ") for line in lines)
        assert any(line.startswith("-- columns: ") for line in lines)

    def test_every_parameter_is_named_in_the_head(self):
        """So that the head stays true."""
        for name in QUERY_NAMES:
            text = query(name)
            head = "\n".join(line for line in text.splitlines() if line.startswith("--"))
            for parameter in set(re.findall(r"%\((\w+)\)s", text)):
                assert re.search(rf"\b{parameter}\b", head), f"{name}.sql: {parameter}"


@pytest.mark.parametrize("module", [queries, writes])
def test_the_public_names_are_there(module):
    """Others import them from these two modules."""
    assert all(hasattr(module, name) for name in module.__all__)
