"""A command line in this process, and runs for it."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable

import pytest

from apps.cli import main
from nntracker_ray.home import Home
from nntracker_ray.records import NamedConf, RunState
from tests.acceptance.commands.ended_commands import Ended
from tests.web_examples import claim, end, finish, run_specs, submit, train


@pytest.fixture
def home(tmp_path, database_url, monkeypatch) -> Home:
    """A data folder with a database of its own; nobody sits at a terminal."""
    monkeypatch.setenv("NNTRACKER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    return Home(tmp_path / "home")


@pytest.fixture
def grid(database):
    """Four runs of one experiment: 1 finished, 2 failed, 3 and 4 queued."""
    specs = run_specs("Grid", optimizers=[NamedConf("Adam"), NamedConf("SGD")], folds=2, tags=["nightly"])
    submit(database, "Grid", specs)
    finish(database)
    lease = claim(database)
    train(database, lease, range(3))
    end(database, lease, RunState.FAILED, "Traceback\nValueError: the loss is not a number")
    return specs


@pytest.fixture
def run(home, capsys, monkeypatch) -> Callable[..., Ended]:
    """The command line itself, in this process: a new one for each command would cost a second."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["nntracker", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        signal.signal(signal.SIGTERM, before)
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run
