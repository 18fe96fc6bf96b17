"""Bringing the schema up to date: files applied once, in order, and never changed afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from nntracker_ray.errors import SchemaError
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.sql_files import SqlFile, migration_files, query, timescale_files


def migrate(database: Database) -> list[str]:
    """Apply what is missing, all in one transaction; several processes may do so at once. Returns the names applied.

    Where TimescaleDB is loaded, the big tables become hypertables, now or at any later start.

    Raises:
        SchemaError: The database is newer than this program, or a file changed after it was applied.
        DatabaseAwayError: It does not answer.
    """
    with database.connection() as connection:
        # Waits for whoever else is migrating; gone with the transaction.
        connection.execute(query("lock_migrations"))
        files = migration_files()
        if has_timescale(connection):
            files += timescale_files()
        missing = _missing(connection, files)
        for file in missing:
            connection.execute(file.statement)
            connection.execute(query("note_migration"), {"name": file.name, "sha256": file.sha256})
        return [file.name for file in missing]


def has_timescale(connection: Connection) -> bool:
    """Whether TimescaleDB is installed and preloaded: without the latter, creating it drops the connection."""
    found = connection.execute(query("has_timescale")).fetchone()
    return bool(found and found[0])


def _missing(connection: Connection, files: Iterable[SqlFile]) -> list[SqlFile]:
    connection.execute(query("create_migrations"))
    applied: dict[str, str] = dict(connection.execute(query("applied_migrations")).fetchall())
    known = {file.name for file in (*migration_files(), *timescale_files())}
    if unknown := sorted(set(applied) - known):
        raise SchemaError(
            f"the database has changes that this version does not know: {', '.join(unknown)}; upgrade NNTracker"
        )
    _refuse_changed(applied, files)
    return [file for file in files if file.name not in applied]


def _refuse_changed(applied: dict[str, str], files: Iterable[SqlFile]) -> None:
    for file in files:
        if applied.get(file.name, file.sha256) != file.sha256:
            raise SchemaError(
                f"{file.name} differs from what was applied to this database; put it back, add a new file instead"
            )
