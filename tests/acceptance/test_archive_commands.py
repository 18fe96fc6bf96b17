"""Runs taken out and brought in on the command line, on a real database."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import pytest

from apps.cli import main
from nntracker_ray.home import Home
from nntracker_ray.sweeping import remove_files_of_deleted
from tests.web_examples import finish, run_specs, submit


@pytest.fixture
def home(tmp_path, database_url, monkeypatch) -> Home:
    """A data folder with a database of its own; nobody sits at a terminal."""
    monkeypatch.setenv("NNTRACKER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    return Home(tmp_path / "home")


@pytest.fixture
def run(home, capsys, monkeypatch):
    """The command line itself, in this process: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nntracker", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_what_was_taken_out_and_deleted_comes_in_again(run, home, database, tmp_path):
    """The way of everybody whose disk is full."""
    submit(database, "Grid", run_specs("Grid", folds=2, epochs=3))
    finish(database)
    file = tmp_path / "grid.zip"

    code, told, _ = run("download", "--experiment", "Grid", "--to", file)

    assert code == 0, told
    assert "report.html" in told
    assert "report.html" in zipfile.ZipFile(file).namelist()
    before = json.loads(run("ls", "--json")[1])
    code, told, errors = run("rm", "--experiment", "Grid", "--yes")
    assert code == 0, (told, errors)
    remove_files_of_deleted(database, home)  # as a running platform does
    code, told, errors = run("import", file)
    assert code == 0, errors
    assert told.startswith("2 runs came in, under their old ids")
    after = json.loads(run("ls", "--json")[1])
    assert [one["run_id"] for one in after["runs"]] == [one["run_id"] for one in before["runs"]]
    assert [one["state"] for one in after["runs"]] == ["finished", "stopped"]


def test_mistakes_are_told_and_change_nothing(run, database, tmp_path):
    """Each of them happens on the first day."""
    submit(database, "Grid", run_specs("Grid", epochs=3))
    file = tmp_path / "grid.zip"
    assert run("download", "Grid", "--to", file)[0] == 0

    answers = {
        "nothing chosen": run("download", "--to", tmp_path / "other.zip"),
        "file there": run("download", "Grid", "--to", file),
        "no such run": run("download", "nonsense", "--to", tmp_path / "other.zip"),
        "no such file": run("import", tmp_path / "missing.zip"),
        "no archive": run("import", __file__),
        "stopped by now": run("import", file),
    }

    told = {what: (code, errors.strip()) for what, (code, _, errors) in answers.items()}
    assert told["nothing chosen"][0] == 2
    assert "there already" in told["file there"][1]
    assert told["no such run"][0] == 1
    assert "cannot be read" in told["no such file"][1]
    assert "no zip" in told["no archive"][1]
    assert "already here" in told["stopped by now"][1]
    assert not (tmp_path / "other.zip").exists()
