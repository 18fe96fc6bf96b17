"""SQL that people write: one statement, reading only, as a role that sees no secrets, within limits."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus

from nntracker_ray.errors import DatabaseAwayError, QueryError
from nntracker_ray.storage.connection import Connection, limited
from nntracker_ray.storage.sql_files import as_literal, query

STATEMENT_NAME = b"asked"
DOMAIN_HINT = (
    "a column is of a domain type, as those of information_schema are; cast it, such as table_name::text"
)
READING = ("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN")


class SqlResult(NamedTuple):
    """An answer, and whether there was more of it."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool  # more rows than max_rows


def read_only_sql(dsn: str, text: str, *, max_rows: int = 1000, timeout_s: float = 10.0) -> SqlResult:
    """Run one statement that reads: SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN.

    It runs in a read-only transaction as the role nntracker_reader, which may read runs and measurements, and nothing
    of users, sessions, files or programs.

    Args:
        max_rows: More are cut off; `truncated` then says so.
        timeout_s: The server ends what takes longer.
    Raises:
        QueryError: Not one reading statement, not permitted, wrong, or too slow; nothing was changed.
        DatabaseAwayError: The database does not answer.
    """
    place = limited(dsn, application="nntracker sql", statement_timeout_s=timeout_s)
    try:
        with psycopg.connect(place) as connection:
            connection.read_only = True
            columns, types = _described(connection, text)
            rows = _rows(connection, text, types, max_rows)
    except psycopg.errors.QueryCanceled:
        raise QueryError(
            f"the statement took longer than {timeout_s:g} s; narrow it, for example by run_no"
        ) from None
    except (psycopg.errors.ConnectionException, psycopg.errors.AdminShutdown) as error:
        raise DatabaseAwayError(f"the database does not answer: {error}") from error
    except psycopg.OperationalError as error:
        if error.sqlstate is None:
            raise DatabaseAwayError(f"the database does not answer: {error}") from error
        raise _refusal(error) from None
    except (psycopg.Error, ValueError) as error:
        raise _refusal(error) from None
    return SqlResult(columns, rows[:max_rows], truncated=len(rows) > max_rows)


def _described(connection: Connection, text: str) -> tuple[list[str], list[str]]:
    """Names and types of the columns the statement will give; it is parsed, not run."""
    connection.execute("SELECT 1")  # begins the read-only transaction
    wire = connection.pgconn
    encoded = text.encode()
    if b"\x00" in encoded:
        raise QueryError("the statement holds a NUL character; PostgreSQL takes none")
    # The extended protocol: PostgreSQL itself refuses a second statement behind the first.
    for result in (wire.prepare(STATEMENT_NAME, encoded), wire.describe_prepared(STATEMENT_NAME)):
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)
    if result.nparams:
        raise QueryError("the statement has parameters ($1, ...); write the values in")
    if not result.nfields:
        raise QueryError(f"the statement gives no rows; allowed is one of {', '.join(READING)}")
    names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
    oids = [result.ftype(place) for place in range(result.nfields)]
    return names, [name for (name,) in connection.execute(query("result_types"), {"oids": oids})]


def _rows(connection: Connection, text: str, types: list[str], max_rows: int) -> list[tuple[Any, ...]]:
    # Type names come from the server, which quotes them where they need it.
    columns = ", ".join(f"c{place} {name}" for place, name in enumerate(types))
    call = sql.SQL("SELECT * FROM read_as_reader({}, {}) AS answer ({})").format(
        sql.Literal(text), sql.Literal(max_rows), sql.SQL(as_literal(columns))
    )
    try:
        return connection.execute(call).fetchall()
    except psycopg.errors.DatatypeMismatch:
        # Columns are described by their base types, but a domain's value keeps its own.
        raise QueryError(DOMAIN_HINT) from None


def _refusal(error: Exception) -> QueryError:
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    hint = error.diag.message_hint if isinstance(error, psycopg.Error) else None
    return QueryError(f"{message or error}{f' ({hint})' if hint else ''}")
