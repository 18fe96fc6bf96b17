"""Whose an id is: an archive must neither take the ids that others will need nor tell that others have them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from nntracker_ray.accounts.roles import Role
from nntracker_ray.archive.importing import Imported, Importer, import_archive
from nntracker_ray.errors import ConflictError
from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec, RunState
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import delete_runs, note_files_removed
from tests.integration.archive.archive_kit import (
    archive,
    bring_in,
    claim,
    contents,
    end,
    some_specs,
    submit,
    train,
)


def somebody(database: Database, name: str) -> UUID:
    """A plain user."""
    with database.connection() as conn:
        return account_writes.add_account(conn, name=name, role=Role.USER, password_hash=None)


@pytest.fixture
def ada(database: Database) -> UUID:
    return somebody(database, "ada")


@pytest.fixture
def eve(database: Database) -> UUID:
    return somebody(database, "eve")


@pytest.fixture
def specs() -> list[RunSpec]:
    return some_specs(1)


@pytest.fixture
def out(database: Database, home: Home, tmp_path: Path, ada: UUID, specs: list[RunSpec]) -> Path:
    """An archive of a run that ada has trained."""
    submit(database, specs, ada)
    lease = claim(database)
    train(database, lease, range(1))
    end(database, lease, RunState.FINISHED)
    return archive(database, home, tmp_path / "out.zip", viewer_id=ada, run_ids=[specs[0].run_id])


def delete(database: Database, *, files_are_gone: bool = True) -> None:
    with database.connection() as conn:
        run_ids, numbers = zip(*conn.execute("SELECT run_id, run_no FROM runs").fetchall(), strict=True)
        delete_runs(conn, numbers, by="ada")
        if files_are_gone:
            note_files_removed(conn, run_ids)


def imported_by(database: Database, home: Home, user_id: UUID, path: Path) -> Imported:
    return import_archive(database, home, path, importer=Importer(user_id, "somebody"))


def owner_of(database: Database, run_id: UUID) -> UUID:
    with database.connection() as conn:
        return conn.execute("SELECT owner_id FROM runs WHERE run_id = %s", [run_id]).fetchone()[0]


def test_nobody_takes_the_ids_that_another_will_need_again(
    database: Database, home: Home, ada: UUID, eve: UUID, specs: list[RunSpec], out: Path
):
    """Ids follow from what is submitted: whoever had them first would decide whether ada may submit again."""
    delete(database)

    imported_by(database, home, eve, out)
    submit(database, specs, ada)

    assert owner_of(database, specs[0].run_id) == ada


def test_an_import_does_not_tell_whether_another_has_its_runs(
    database: Database, other: Database, home: Home, eve: UUID, out: Path
):
    """There, being deleted, deleted, never heard of: to a stranger all the same."""
    found = [imported_by(database, home, eve, out)]
    delete(database, files_are_gone=False)
    with database.connection() as conn:
        conn.execute("DELETE FROM deleted_runs WHERE owner_id = %s", [eve])
    found.append(imported_by(database, home, eve, out))
    with other.connection() as conn:
        conn.execute("INSERT INTO users (user_id, name) VALUES (%s, 'eve')", [eve])
    found.append(imported_by(other, home, eve, out))

    assert not found[0].kept_ids
    assert found[0] == found[1] == found[2]


def test_what_was_ones_own_comes_back_as_it_was(
    database: Database, home: Home, tmp_path: Path, ada: UUID, specs: list[RunSpec], out: Path
):
    """To archive, delete and restore needs no administrator."""
    delete(database)

    imported = imported_by(database, home, ada, out)

    again = archive(database, home, tmp_path / "again.zip", viewer_id=ada, run_ids=[specs[0].run_id])
    assert imported.kept_ids
    assert contents(again) == contents(out)


def test_runs_of_ones_own_do_not_open_another_experiment(
    database: Database, home: Home, eve: UUID, out: Path
):
    """Eve's deleted run, put into the experiment that ada will submit again."""
    delete(database)
    with database.connection() as conn:
        conn.execute("UPDATE deleted_runs SET owner_id = %s, experiment_id = gen_random_uuid()", [eve])

    assert not imported_by(database, home, eve, out).kept_ids


def test_an_administrator_brings_ids_that_were_never_here_and_none_of_others(
    database: Database, other: Database, home: Home, out: Path
):
    """A platform moves to another machine with its ids; a colleague's stay the colleague's."""
    delete(database)

    assert bring_in(other, home, out).kept_ids
    assert not bring_in(database, home, out).kept_ids


def test_an_experiment_that_is_anothers_is_not_added_to(
    database: Database, ada: UUID, eve: UUID, specs: list[RunSpec]
):
    """Also where no second lock is in force: runs would run for, and be seen by, somebody else."""
    submit(database, specs, eve)

    with pytest.raises(ConflictError, match="another account"):
        submit(database, specs, ada)
