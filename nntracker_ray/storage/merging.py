"""Putting rows into a table so that sending them twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from nntracker_ray.storage.binary_copy import copy_rows
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class Target:
    """A table, its columns, and the statement that merges rows of `incoming_<table>` into it."""

    table: str
    columns: tuple[str, ...]
    merge: str  # name of a file in sql/queries

    @property
    def staging(self) -> str:
        """The temporary table that takes the rows first."""
        return f"incoming_{self.table}"


def copy_or_merge(connection: Connection, target: Target, rows: Callable[[], Iterable[bytes]]) -> None:
    """Add packed rows; where a row is already there, the statement `target.merge` decides which stays.

    Args:
        rows: Makes the rows, each key once; called again if they must be sent again.
    """
    try:
        # New rows are the rule, and straight into the table they cost half.
        with connection.transaction():
            copy_rows(connection, target.table, target.columns, rows())
    except psycopg.errors.UniqueViolation:
        _merge(connection, target, rows())


def _merge(connection: Connection, target: Target, rows: Iterable[bytes]) -> None:
    staging, table = sql.Identifier(target.staging), sql.Identifier(target.table)
    connection.execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(staging, table))
    copy_rows(connection, target.staging, target.columns, rows)
    connection.execute(query(target.merge))
    connection.execute(sql.SQL("DROP TABLE {}").format(staging))
