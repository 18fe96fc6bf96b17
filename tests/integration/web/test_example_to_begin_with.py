"""What a new platform offers: the example's data and model, to make experiments with."""

from __future__ import annotations

from pathlib import Path

from nntracker_ray.accounts.roles import Role
from nntracker_ray.config.writing import file_of
from nntracker_ray.example_files import offer_files
from nntracker_ray.home import Home
from nntracker_ray.previewing import preview
from nntracker_ray.sources import OwnSources
from nntracker_ray.storage import account_writes, writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.experiment_queries import experiment_config
from nntracker_ray.submission import prepare, submit

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits" / "experiment.json"


def test_the_example_can_be_made_again_with_changes_by_anybody(tmp_path, database: Database):
    """The first thing people do is press "Again with changes" on what is there."""
    home = Home(tmp_path)
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
        ada = account_writes.add_account(conn, name="ada", role=Role.USER, password_hash=None)
    prepared = prepare(EXAMPLE, home=home, owner_id=owner_id)
    submit(database, prepared, owner_id=owner_id)

    for _ in (1, 2):  # a platform that is started again does it again
        offer_files(database, home, prepared, owner_id=owner_id)

    with database.connection() as conn:
        config = experiment_config(conn, viewer_id=owner_id, experiment_id=prepared.experiment_id)
    found = preview(file_of(config), home=home, sources=OwnSources(home, database, ada), viewer_id=ada)
    assert found.problems == ()
    assert found.was_read
    assert found.cost is not None
    assert found.cost.runs == len(prepared.runs)
    assert found.cost.rows == 1438
