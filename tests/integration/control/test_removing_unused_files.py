"""Data and models that nobody needs do not fill the disk; what anybody needs stays, however old it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.errors import BadInputError
from nntracker_ray.home import Home
from nntracker_ray.models.schema import parse_model
from nntracker_ray.models.store import ModelStore
from nntracker_ray.storage import dataset_rows
from nntracker_ray.storage.connection import Database
from nntracker_ray.store_sweeping import DAY_S, DAYS_VARIABLE, days_kept, sweep_stores
from tests.web_examples import run_specs, submit

MODEL = Path(__file__).parents[3] / "examples" / "iris" / "model.json"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def kept(home: Home, tmp_path: Path, content: str, *, days_ago: float) -> str:
    """A dataset in the store that was used so many days ago."""
    file = tmp_path / "data.csv"
    file.write_text(content)
    digest = DatasetStore(home).add(str(file)).digest
    aged(home.datasets / digest, days_ago)
    return digest


def aged(path: Path, days: float) -> None:
    then_s = path.stat().st_mtime - days * DAY_S
    os.utime(path, (then_s, then_s))


def left(home: Home) -> set[str]:
    found = [*home.datasets.iterdir(), *home.models.glob("*")]
    return {path.stem for path in found if not path.name.startswith(".")}


def test_what_nothing_names_goes_once_it_is_old(database: Database, home: Home, tmp_path: Path):
    """Of an experiment that was never submitted, say."""
    old = kept(home, tmp_path, "a,b\n1,2\n", days_ago=31)
    fresh = kept(home, tmp_path, "a,b\n3,4\n", days_ago=29)
    model = parse_model(MODEL.read_bytes())
    ModelStore(home).add(model)
    aged(home.models / f"{model.digest}.json", 31)

    gone = sweep_stores(database, home, days=30)

    assert {*gone} == {old, model.digest}
    assert left(home) == {fresh}
    assert DatasetStore(home).get(fresh).rows == 1


def test_what_has_a_name_or_a_run_stays(database: Database, home: Home, tmp_path: Path):
    """A run that is resumed after a year needs the very bytes that it began with."""
    named = kept(home, tmp_path, "a,b\n1,2\n", days_ago=400)
    owner_id = submit(database, "Old", run_specs("Old"))
    with database.connection() as conn:
        dataset_rows.add_dataset(
            conn, owner_id=owner_id, name="x.csv", digest=named, is_public=False, kind="csv", size=8, facts={}
        )
        specs = conn.execute("SELECT spec -> 'train' ->> 'digest', spec ->> 'model_digest' FROM runs")
        train, model = specs.fetchone()
    (home.datasets / train).mkdir()
    home.models.mkdir()
    (home.models / f"{model}.json").write_text("{}")
    for path in (home.datasets / train, home.models / f"{model}.json"):
        aged(path, 400)

    assert sweep_stores(database, home, days=30) == []

    assert left(home) == {named, train, model}


def test_to_use_it_makes_it_young_again(database: Database, home: Home, tmp_path: Path):
    """Between the look at the data and the first row of a run nothing names them yet."""
    digest = kept(home, tmp_path, "a,b\n1,2\n", days_ago=31)

    DatasetStore(home).get(digest)

    assert sweep_stores(database, home, days=30) == []


def test_files_that_are_not_ours_stay(database: Database, home: Home):
    """A person may keep notes there."""
    home.datasets.mkdir()
    (home.datasets / "README").write_text("mine")
    aged(home.datasets / "README", 400)

    sweep_stores(database, home, days=1)

    assert left(home) == {"README"}


@pytest.mark.parametrize("said", ["0", "-1", "soon", "nan"])
def test_a_time_that_would_remove_what_is_being_submitted_is_refused(
    said: str, monkeypatch: pytest.MonkeyPatch
):
    """The message says what is allowed."""
    monkeypatch.setenv(DAYS_VARIABLE, said)

    with pytest.raises(BadInputError, match="allowed: 1 and more"):
        days_kept()
