"""Runs listed and shown from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nntracker_ray.records import Batch, LogLine
from nntracker_ray.storage import writes
from tests.acceptance.commands.ended_commands import ROOT, listed
from tests.web_examples import claim


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
