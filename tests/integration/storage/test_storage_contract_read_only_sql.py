"""SQL that people write: it may read runs and measurements, and do nothing else."""

from __future__ import annotations

import pytest

from nntracker_ray.errors import DatabaseAwayError, QueryError
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import read_only_sql
from nntracker_ray.storage.writes import ensure_local_account, write_batches
from tests.integration.storage.examples_of_records import batch, point, started_run

REFUSED = {
    "two statements": "SELECT 1; DROP TABLE runs",
    "a write": "DELETE FROM runs RETURNING run_no",
    "a write inside a WITH": "WITH gone AS (DELETE FROM runs RETURNING run_no) SELECT * FROM gone",
    "a table": "CREATE TABLE mine (a int)",
    "the end of the transaction": "COMMIT",
    "another role": "SET ROLE postgres",
    "another role by a function": "SELECT set_config('role', 'none', true)",
    "another user by a function": "SELECT set_config('session_authorization', 'default', true)",
    "a way back and then a secret": (
        "SELECT set_config('role', 'none', true), query_to_xml('SELECT * FROM sessions', true, true, '')"
    ),
    "writing switched on": "SELECT set_config('transaction_read_only', 'off', true)",
    "users": "SELECT * FROM users",
    "sessions": "SELECT * FROM sessions",
    "login links": "TABLE login_links",
    "a secret by a function": "SELECT query_to_xml('SELECT * FROM login_links', true, true, '')",
    "password hashes": "SELECT * FROM pg_authid",
    "a file": "SELECT pg_read_file('/etc/passwd')",
    "a folder": "SELECT pg_ls_dir('/')",
    "a large object from a file": "SELECT lo_import('/etc/passwd')",
    "a program": "COPY (SELECT 1) TO PROGRAM 'id'",
    "a file by COPY": "COPY runs FROM '/etc/passwd'",
    "a block of code": "DO $$ BEGIN PERFORM 1; END $$",
    "the door itself": "SELECT * FROM read_as_reader('SELECT 1', 1) AS a (b int); SELECT 1",
    "a notice to listeners": "NOTIFY nntracker_queue",
    "a listener": "LISTEN nntracker_queue",
    "a lock": "LOCK TABLE runs",
    "a parameter": "SELECT $1::int",
    "nonsense": "SELEC 1",
    "nothing": "",
    "a NUL": "SELECT 1\x00",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
def test_whatever_is_not_one_reading_statement_is_refused(
    database: Database, database_url: str, statement: str
):
    """T11, T18: the query page is open to every user; the database behind it holds everybody's secrets."""
    with database.connection() as connection:
        owner_id = ensure_local_account(connection)

    with pytest.raises(QueryError):
        read_only_sql(database_url, statement)

    with database.connection() as connection:
        assert ensure_local_account(connection) == owner_id


@pytest.mark.parametrize(
    ("statement", "columns", "rows"),
    [
        ("SELECT 1 AS a, 'b' AS a", ["a", "a"], [(1, "b")]),
        ("VALUES (1.5::float8), ('nan')", ["column1"], None),
        ("WITH n AS (SELECT 1 AS x) SELECT x FROM n -- and a remark", ["x"], [(1,)]),
        ("SHOW server_version_num", ["server_version_num"], None),
        ("EXPLAIN SELECT 1", ["QUERY PLAN"], None),
        ("SELECT metric, value FROM metrics;", ["metric", "value"], [("loss", 0.5)]),
        ("SELECT metric FROM run_last_metrics", ["metric"], [("loss",)]),
        (
            "SELECT DISTINCT state FROM runs JOIN experiments USING (experiment_id)",
            ["state"],
            [("starting",)],
        ),
        ("SELECT loss FROM epoch_values", ["loss"], [(0.5,)]),
        ("SELECT * FROM runs WHERE false", None, []),
    ],
)
def test_one_reading_statement_is_answered(
    database: Database, database_url: str, statement: str, columns, rows
):
    """Everything a person may see, in the ways SQL has to ask for it."""
    _, lease = started_run(database)
    with database.connection() as connection:
        write_batches(connection, [batch(lease, point())])

    answer = read_only_sql(database_url, statement)

    assert columns is None or answer.columns == columns
    assert rows is None or answer.rows == rows
    assert not answer.truncated


def test_a_domain_in_the_answer_is_refused_with_the_cure(database_url: str):
    """The columns of information_schema are what somebody who looks around asks first."""
    with pytest.raises(QueryError, match="table_name::text"):
        read_only_sql(database_url, "SELECT table_name FROM information_schema.tables")

    assert read_only_sql(database_url, "SELECT table_name::text FROM information_schema.tables").rows


def test_too_many_rows_are_cut_and_the_answer_says_so(database_url: str):
    """A page that shows 10 of 11 rows as if they were all would lie."""
    whole = read_only_sql(database_url, "SELECT generate_series(1, 10)", max_rows=10)
    cut = read_only_sql(database_url, "SELECT generate_series(1, 11)", max_rows=10)

    assert (len(whole.rows), whole.truncated) == (10, False)
    assert (len(cut.rows), cut.truncated) == (10, True)


@pytest.mark.parametrize(
    "statement", ["SELECT pg_sleep(60)::text", "SELECT count(*) FROM generate_series(1, 1e12)"]
)
def test_a_statement_that_takes_too_long_is_ended(database_url: str, statement: str):
    """One careless join must not hold a core for an hour."""
    with pytest.raises(QueryError, match=r"longer than 0\.2 s"):
        read_only_sql(database_url, statement, timeout_s=0.2)


def test_the_limit_cannot_be_lifted_from_within(database_url: str):
    """The clock of a statement runs from its start, whatever the statement sets."""
    with pytest.raises(QueryError, match="longer than"):
        read_only_sql(
            database_url,
            "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)::text",
            timeout_s=0.2,
        )


def test_a_database_that_is_away_is_not_called_a_bad_statement(tmp_path):
    """The person should wait, not rewrite."""
    with pytest.raises(DatabaseAwayError):
        read_only_sql(f"host={tmp_path} dbname=nowhere", "SELECT 1")
