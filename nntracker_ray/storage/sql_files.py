"""SQL lives in files, one statement a file; this finds and reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import LiteralString

from nntracker_ray.errors import PlatformError


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file of SQL and the fingerprint by which a later change of it is seen."""

    name: str  # "0001_accounts.sql", "timescale/0001_hypertables.sql"
    text: str

    @property
    def sha256(self) -> str:
        """Hex digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statement(self) -> LiteralString:
        """The text as psycopg wants it."""
        return as_literal(self.text)


@cache
def sql_folder() -> Path:
    """The folder `sql`: inside the installed package, else at the top of the checkout.

    Raises: PlatformError: Neither is there; the installation is broken.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sql", package.parent / "sql"):
        if (folder / "migrations").is_dir():
            return folder
    raise PlatformError(
        f"no SQL files at {package / 'sql'} or {package.parent / 'sql'}; install nntracker-ray again"
    )


def migration_files() -> tuple[SqlFile, ...]:
    """The migrations of every PostgreSQL, in order."""
    return _read_all("migrations", prefix="")


def timescale_files() -> tuple[SqlFile, ...]:
    """What is done in addition where TimescaleDB is loaded, in order."""
    return _read_all("timescale", prefix="timescale/")


@cache
def query(name: str) -> LiteralString:
    """The statement in `sql/queries/<name>.sql`."""
    path = sql_folder() / "queries" / f"{name}.sql"
    return SqlFile(name, path.read_text("utf-8")).statement


def as_literal(text: str) -> LiteralString:
    """Text that is as trustworthy as a literal in the code: shipped with it, or made by PostgreSQL itself."""
    return text  # mypy takes LiteralString for str


def _read_all(folder: str, prefix: str) -> tuple[SqlFile, ...]:
    paths = sorted((sql_folder() / folder).glob("*.sql"))
    return tuple(SqlFile(prefix + path.name, path.read_text("utf-8")) for path in paths)
