"""Runs commanded from the command line, and what is refused."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime

import pytest

from nntracker_ray.checkpoints.info import CheckpointInfo, infos_as_fact
from nntracker_ray.records import RunState
from tests.acceptance.commands.ended_commands import Terminal, listed
from tests.web_examples import claim, end, run_specs, submit, train


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
