"""Runs listed, shown and commanded from the command line, on a real database and in the end by a real training."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.cli import main
from nntracker_ray.checkpoints.info import CheckpointInfo, infos_as_fact
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, LogLine, NamedConf, RunState
from nntracker_ray.storage import writes
from nntracker_ray.storage.server import EmbeddedServer
from tests.web_examples import claim, end, finish, run_specs, submit, train

ROOT = Path(__file__).parents[2]
NNTRACKER = str(Path(sys.executable).parent / "nntracker")


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


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


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


class Terminal(io.StringIO):
    """A person who can be asked."""

    def isatty(self) -> bool:
        return True


def process(home: Home, *arguments: object, env=None, timeout=240) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    variables = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3", **(env or {})}
    command = [NNTRACKER, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env=variables, timeout=timeout, check=False, input=""
    )


def listed(run, *arguments) -> dict[int, str]:
    """State of each run by number."""
    answer = run("ls", "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return {one["run_no"]: one["state"] for one in json.loads(answer.stdout)["runs"]}


@pytest.mark.usefixtures("grid")
class TestLooking:
    def test_ls_filters_and_shows_states_without_colour(self, run):
        """What failed is found at once, also in a log file."""
        shown = run("ls")
        failed = listed(run, "--state", "failed", "--tag", "nightly", "--experiment", "Grid")

        assert failed == {2: "failed"}
        assert "✗ failed" in shown.stdout
        assert "20/20" in shown.stdout
        assert "\x1b[" not in shown.stdout

    def test_show_says_what_happened_and_why(self, run):
        """One screen instead of four questions."""
        shown = run("show", "Grid (O1) (2)")
        told = json.loads(run("show", "2", "--json").stdout)

        assert "ValueError: the loss is not a number" in shown.stdout
        assert "run-manager" in shown.stdout or "trainer" in shown.stdout
        assert [change["state"] for change in told["history"]][-1] == "failed"
        assert told["run"]["metrics"]["loss"] == pytest.approx(float(told["run"]["metrics"]["loss"]))

    def test_show_says_on_a_narrow_screen_what_became_of_a_command(self, run, monkeypatch):
        """The arguments of a fork are long; the outcome is what one looks for."""
        monkeypatch.setenv("COLUMNS", "80")
        changes = ("learning_rate=0.002", 'optimizer={"optimizer": "SGD", "conf": {"momentum": 0.9}}')
        run("fork", "1", "--set", changes[0], "--set", changes[1], "--name", "by SGD")

        shown = run("show", "1").stdout.partition("Commands")[2]

        assert "refused" in shown
        assert "…" not in shown

    def test_logs_cannot_steer_the_terminal(self, run, database):
        """What a training prints is data: it must not clear the screen of whoever reads it."""
        lease = claim(database)
        with database.connection() as conn:
            at = conn.execute("SELECT now()").fetchone()[0]
            lines = tuple(LogLine(n, "stdout", "", f"line {n}\x1b[2J", at) for n in range(3))
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, lines)])

        shown = run("logs", lease.run_id, "--tail", 2)
        told = [json.loads(line) for line in run("logs", lease.run_id, "--json").stdout.splitlines()]

        assert "line 2" in shown.stdout
        assert "line 0" not in shown.stdout
        assert "\x1b" not in shown.stdout
        assert [line["text"] for line in told] == [f"line {n}\x1b[2J" for n in range(3)]

    def test_top_counts_from_the_database_while_ray_is_down(self, run):
        """The overview does not depend on what it looks at."""
        told = json.loads(run("top", "--json").stdout)

        assert told["ray"] is None
        assert told["states"] == {"failed": 1, "finished": 1, "queued": 2}


@pytest.mark.usefixtures("grid")
class TestActing:
    def test_runs_are_paused_and_resumed_by_number_name_and_tag(self, run):
        """The words that a person has at hand."""
        assert run("pause", "3", "Grid (O2) (2)").returncode == 0
        assert listed(run) == {1: "finished", 2: "failed", 3: "paused", 4: "paused"}

        resumed = run("resume", "--tag", "nightly", "--state", "paused", "--json")

        assert resumed.returncode == 0
        assert [one["outcome"] for one in json.loads(resumed.stdout)["targets"]] == ["done", "done"]
        assert listed(run)[3] == "queued"

    def test_a_refusal_is_exit_code_one_and_says_why(self, run):
        """A script notices, and a person knows what to do instead."""
        ended = run("resume", "1", "2")

        assert ended.returncode == 1
        assert "extend gives it more epochs" in " ".join(ended.stdout.split())
        assert listed(run)[2] == "queued"

    def test_the_same_key_does_nothing_twice(self, run):
        """A script that was cut off repeats itself."""
        for _ in range(2):
            assert run("rerun", "1", "--key", "once").returncode == 0

        assert len(listed(run)) == 5

    @pytest.mark.parametrize(
        "line",
        [
            ("rm", "2", "--yes"),
            ("rm", "--experiment", "Grid", "--yes"),
            ("rerun", "--all"),
            ("fork", "1", "2", "--checkpoint", "best", "--set", "learning_rate=0.01"),
        ],
        ids=" ".join,
    )
    def test_the_same_line_with_its_key_is_the_same_command(self, run, line):
        """Also when its words mean others by now: runs that it deleted are gone, those that it made are there."""
        first, after = run(*line, "--key", "once", "--json"), listed(run)
        again = run(*line, "--key", "once", "--json")

        assert again.returncode == first.returncode, again.stderr
        assert json.loads(again.stdout)["command_id"] == json.loads(first.stdout)["command_id"]
        assert listed(run) == after

    def test_a_key_that_belongs_to_another_line_is_refused(self, run):
        """Whoever uses a key twice by mistake must not believe that the second command was carried out."""
        run("rm", "2", "--yes", "--key", "once")
        before = listed(run)

        for other in (("pause", "2"), ("rm", "3", "--yes"), ("extend", "2", "--epochs", "5")):
            ended = run(*other, "--key", "once")
            assert ended.returncode == 1, other
            assert "belongs to another command" in " ".join(ended.stderr.split())
        assert listed(run) == before

    def test_a_yes_is_for_the_runs_that_were_shown(self, run, monkeypatch):
        """While a person reads the list a run may begin to match; nobody has agreed to lose that one."""
        monkeypatch.setattr(sys, "stdin", Terminal())
        run("pause", "3")

        def think(*_arguments: object, **_named: object) -> bool:
            run("pause", "4")
            run("resume", "3")
            run("pause", "3")
            return True

        monkeypatch.setattr("apps.deletion.Confirm.ask", think)
        ended = run("rm", "--all", "--state", "paused")

        assert ended.returncode == 0, ended.stderr
        assert listed(run) == {1: "finished", 2: "failed", 4: "paused"}

    def test_a_shown_run_that_left_its_state_meanwhile_stays(self, run, monkeypatch):
        """What was asked for was to delete paused runs."""
        monkeypatch.setattr(sys, "stdin", Terminal())
        run("pause", "3", "4")

        def think(*_arguments: object, **_named: object) -> bool:
            run("resume", "3")
            return True

        monkeypatch.setattr("apps.deletion.Confirm.ask", think)
        run("rm", "--all", "--state", "paused")

        assert listed(run) == {1: "finished", 2: "failed", 3: "queued"}

    def test_deleting_asks_and_without_a_terminal_does_nothing(self, run):
        """What is lost is said before it is lost."""
        asked = run("rm", "1")

        assert asked.returncode == 2
        assert "20 epochs" in asked.stderr
        assert "--yes" in asked.stderr
        assert 1 in listed(run)
        assert run("rm", "1", "--yes").returncode == 0
        assert 1 not in listed(run)

    @pytest.mark.parametrize(
        ("arguments", "code", "word"),
        [
            (["pause"], 2, "no run was chosen"),
            (["stop", "--state", "queued"], 2, "--all"),
            (["pause", "Grid (O1) (3)"], 1, "Did you mean"),
            (["pause", "--experiment", "Gird"], 1, "Did you mean 'Grid'"),
            (["pause", "--tag", "nigthly", "--state", "queued"], 1, "tag 'nigthly' and state queued"),
            (["ls", "--state", "fialed"], 2, "Did you mean 'failed'"),
            (["extend", "1"], 2, "--epochs"),
            (["fork", "1", "--set", "learning_rate"], 2, "KEY=VALUE"),
            (["checkpoints", "1", "--download", "last", "--to", "model.h5"], 2, ".keras"),
            (["checkpoints", "1", "--download", "../last"], 1, "no checkpoint"),
            (["checkpoints", "1", "--to", "model.keras"], 2, "--download"),
        ],
        ids=str,
    )
    def test_a_mistake_is_told_and_changes_nothing(self, run, arguments, code, word):
        """One line, the nearest word, no traceback."""
        before = listed(run)

        ended = run(*arguments)

        assert ended.returncode == code, ended.stderr
        assert word in " ".join(ended.stderr.split())
        assert "Traceback" not in ended.stderr
        assert listed(run) == before


def test_the_size_that_is_lost_counts_every_run(run, database):
    """Also of the runs that the table has no line for: checkpoints are most of what is lost."""
    submit(database, "Many", run_specs("Many", folds=30))
    kept = [
        CheckpointInfo(name, name, 1, 0, 9, 750_000, None, None, datetime.now(UTC))
        for name in ("best", "last")
    ]
    with database.connection() as conn:
        conn.execute(
            "INSERT INTO run_facts SELECT run_no, 'checkpoints', %s, 1 FROM runs",
            [json.dumps(infos_as_fact(kept))],
        )

    assert "30 runs, 0 epochs, 45.0 MB" in run("rm", "--all").stderr


def test_a_command_for_a_run_at_work_waits_and_says_what_is_pending(run, database):
    """Whoever has waited long enough gets the prompt back; the command goes on without them."""
    submit(database, "Alone", run_specs("Alone"))
    lease = claim(database)
    train(database, lease, range(1))

    pending = run("pause", "Alone", "--timeout", "0.5")
    leaving = threading.Timer(0.5, end, (database, lease, RunState.PAUSED))
    leaving.start()
    done = run("pause", "Alone", "--timeout", "60")
    leaving.join()

    assert pending.returncode == 1
    assert "still pending" in pending.stderr
    assert done.returncode == 0
    assert listed(run) == {1: "paused"}


class TestCompletion:
    """The shell asks the program itself what may come next."""

    @staticmethod
    def offered(home, line: str) -> list[str]:
        env = {
            "_NNTRACKER_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }
        return process(home, env=env).stdout.splitlines()

    @pytest.mark.usefixtures("grid")
    def test_commands_states_and_names_are_offered(self, home):
        """Names come from the database, as far as they are typed."""
        assert "prioritise" in self.offered(home, "nntracker pr")
        assert self.offered(home, "nntracker ls --state fa") == ["failed"]
        assert self.offered(home, "nntracker ls --tag ni") == ["nightly"]
        assert self.offered(home, "nntracker ls --experiment G") == ["Grid"]
        assert "Grid (O1) (1)" in self.offered(home, "nntracker show Gr")

    def test_an_absent_database_offers_nothing_and_says_nothing(self, home, tmp_path, monkeypatch):
        """A message in the middle of a command line helps nobody."""
        monkeypatch.delenv("NNTRACKER_DATABASE_URL")
        ended = process(
            Home(tmp_path / "nothing"),
            env={"_NNTRACKER_COMPLETE": "complete_bash", "COMP_WORDS": "nntracker show x", "COMP_CWORD": "2"},
        )

        assert (ended.stdout.strip(), ended.stderr) == ("", "")
        assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "modules", ["apps.cli", "apps.cli, apps.listing, apps.opened_platform, apps.show_command"]
)
def test_looking_loads_neither_ray_nor_panel_nor_tensorflow(modules: str):
    """`nntracker ls` answers at once; loading TensorFlow alone takes seconds."""
    heavy = ("ray", "panel", "tensorflow", "keras", "pandas", "sklearn", "holoviews")
    code = f"import sys, {modules}; print([name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert loaded.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_training_is_paused_resumed_and_taken_home(tmp_path_factory, tmp_path, monkeypatch):
    """The whole way by command line: it trains, pauses within a batch, goes on, and its model is a file."""
    home = Home(tmp_path_factory.mktemp("working"))
    digits = json.loads((ROOT / "examples" / "digits" / "experiment.json").read_text())
    small = {"learning_rates": [0.01], "optimizers": digits["optimizers"][:1], "total_epochs": 60}
    paths = {
        key: str(ROOT / "examples" / "digits" / digits[key])
        for key in ("model", "dataset_train", "dataset_test")
    }
    file = tmp_path / "experiment.json"
    kept = {key: value for key, value in digits.items() if not key.startswith("k-fold")}
    file.write_text(json.dumps({**kept, **small, **paths, "name": "Taken"}))
    monkeypatch.delenv("NNTRACKER_DATABASE_URL", raising=False)
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}

    with subprocess.Popen(
        [NNTRACKER, "run", str(file), "--json"], env=env, stdout=subprocess.PIPE, text=True
    ) as working:
        try:
            _wait_until_running(home)
            paused = process(home, "pause", "--all", "--json")
            assert paused.returncode == 0, paused.stderr
            assert working.wait(120) == 1  # nothing is at work any more, and not all is finished
        finally:
            working.terminate()
    before = json.loads(process(home, "ls", "--json").stdout)["runs"][0]
    assert before["state"] == "paused"
    assert before["epochs_done"] < 60

    assert process(home, "resume", "Taken").returncode == 0
    again = subprocess.run(
        [NNTRACKER, "run", str(file), "--json"], env=env, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["runs"][0]["epochs"] == 60
    model = tmp_path / "model.keras"
    taken = process(home, "checkpoints", "1", "--download", "best", "--to", model)
    assert taken.returncode == 0, taken.stderr
    assert model.stat().st_size > 1000
    EmbeddedServer(home).destroy()


def _wait_until_running(home: Home) -> None:
    ends_at = time.monotonic() + 200
    while time.monotonic() < ends_at:
        told = process(home, "ls", "--json")
        rows = json.loads(told.stdout)["runs"] if told.returncode == 0 else []
        if any(row["state"] == "running" and row["epochs_done"] >= 1 for row in rows):
            return
        time.sleep(1.0)
    pytest.fail("the run did not begin")
