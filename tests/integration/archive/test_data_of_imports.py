"""Whose data an imported run may train on: an archive names them by digest, and anybody can write a digest."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from nntracker_ray.accounts.roles import Role
from nntracker_ray.archive.importing import Importer, import_archive
from nntracker_ray.commands import Outcome, Selection, Target, Verb
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.command_writes import submit_command
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.dataset_rows import add_dataset
from nntracker_ray.storage.viewing import as_viewer
from tests.integration.archive.archive_kit import archive, claim, end, some_specs, submit, train

DIGEST = "cd" * 32  # of the training set of `some_specs`
TRAINING = [Verb.RESUME, Verb.RERUN]


def somebody(database: Database, name: str, role: Role = Role.USER) -> UUID:
    with database.connection() as conn:
        return account_writes.add_account(conn, name=name, role=role, password_hash=None)


@pytest.fixture
def out(database: Database, home: Home, tmp_path: Path) -> Path:
    """An archive of a run that ada has begun to train, on data of hers."""
    ada, specs = somebody(database, "ada"), some_specs(1)
    keep_data(database, ada)
    submit(database, specs, ada)
    lease = claim(database)
    train(database, lease, range(1))
    end(database, lease, RunState.FAILED, "lost")
    return archive(database, home, tmp_path / "out.zip", viewer_id=ada, run_ids=[specs[0].run_id])


def keep_data(database: Database, owner_id: UUID, *, is_public: bool = False) -> None:
    with database.connection() as conn:
        add_dataset(
            conn, owner_id=owner_id, name="digits.npz", digest=DIGEST, is_public=is_public, kind="npz", size=8,
            facts={},
        )  # fmt: skip


def imported(database: Database, home: Home, path: Path, owner_id: UUID) -> UUID:
    found = import_archive(database, home, path, importer=Importer(owner_id, "eve"))
    return next(iter(found.runs.values()))


def asked(database: Database, actor_id: UUID, verb: Verb, run_id: UUID) -> Target:
    """What became of it, asked through the web app's connections."""
    locked = Database(database.dsn, application="nntracker tests", locked=True)
    try:
        with as_viewer(actor_id), locked.connection() as conn:
            row = submit_command(conn, actor_id=actor_id, by="eve", verb=verb, selection=Selection((run_id,)))
    finally:
        locked.close()
    return row.targets[0]


@pytest.mark.parametrize("verb", TRAINING, ids=str)
def test_an_archive_gives_nobody_the_data_of_others(verb: Verb, database: Database, home: Home, out: Path):
    """Whoever was shown a run could put its data's digest beside a model of their own, and read the data out."""
    eve = somebody(database, "eve")
    run_id = imported(database, home, out, eve)

    target = asked(database, eve, verb, run_id)

    assert target.outcome is Outcome.REFUSED
    assert "upload" in target.why


@pytest.mark.parametrize("verb", TRAINING, ids=str)
def test_whoever_has_the_data_trains_on(verb: Verb, database: Database, home: Home, out: Path):
    """One's own experiments come home, and go on."""
    eve = somebody(database, "eve")
    run_id = imported(database, home, out, eve)
    keep_data(database, eve)

    assert asked(database, eve, verb, run_id).outcome is Outcome.DONE


def test_public_data_are_for_imports_too(database: Database, home: Home, out: Path):
    """They are for everybody."""
    eve = somebody(database, "eve")
    keep_data(database, somebody(database, "grace"), is_public=True)

    assert asked(database, eve, Verb.RERUN, imported(database, home, out, eve)).outcome is Outcome.DONE


def test_administrators_train_on_what_is_there(database: Database, home: Home, out: Path):
    """They may use everybody's data anyway; at their own machine data have no names."""
    root = somebody(database, "root", Role.ADMINISTRATOR)
    with database.connection() as conn:
        conn.execute("DELETE FROM experiments")
    run_id = imported(database, home, out, root)

    assert asked(database, root, Verb.RERUN, run_id).outcome is Outcome.DONE


def test_one_experiment_on_the_data_is_enough(database: Database, home: Home, out: Path):
    """Data that came from a URL have no name: whoever has trained on them here may go on."""
    eve = somebody(database, "eve")
    submit(database, some_specs(1), eve)
    run_id = imported(database, home, out, eve)

    assert asked(database, eve, Verb.RERUN, run_id).outcome is Outcome.DONE


def test_stopping_and_deleting_need_no_data(database: Database, home: Home, out: Path):
    """What one has brought in one can throw away."""
    eve = somebody(database, "eve")
    run_id = imported(database, home, out, eve)

    assert asked(database, eve, Verb.DELETE, run_id).outcome is Outcome.DONE
