"""Runs commanded from a notebook: the same verbs for one run, an experiment, and a selection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import nntracker_ray as nn
from apps.api.local_token import keep_local_token
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, end, finish, run_specs, submit, train, web_server


@pytest.fixture(autouse=True)
def notebook(database: Database, tmp_path, monkeypatch) -> Iterator[None]:
    """A notebook finds its platform by the environment."""
    home = Home(tmp_path)
    monkeypatch.setenv("NNTRACKER_HOME", str(tmp_path))
    with web_server(tmp_path, database.dsn) as address:
        keep_local_token(database, home)
        monkeypatch.setenv("NNTRACKER_URL", address)
        monkeypatch.setenv("NNTRACKER_TOKEN", home.api_token.read_text())
        yield


@pytest.fixture
def grid(database: Database) -> None:
    """Two queued runs of one experiment."""
    submit(database, "Grid", run_specs("Grid", folds=2, tags=["nightly"]))


@pytest.mark.usefixtures("grid")
class TestVerbs:
    def test_one_run_an_experiment_and_a_selection_take_the_same_verbs(self):
        """One vocabulary: what works for one run works for a thousand."""
        nn.run("Grid (1)").pause().check()
        assert [run.row.state for run in nn.experiment("Grid").runs] == [RunState.PAUSED, RunState.QUEUED]

        nn.experiment("Grid").stop().check()
        resumed = nn.select(tag="nightly", state="stopped").resume()

        assert list(resumed.frame["outcome"]) == ["done", "done"]
        assert {run.row.state for run in nn.select(tag="nightly")} == {RunState.QUEUED}

    def test_a_refusal_is_told_and_raises_only_when_asked(self, database: Database):
        """A notebook cell for many runs must not die of one that is finished."""
        finish(database)

        result = nn.experiment("Grid").pause()

        assert sorted(result.frame["outcome"]) == ["done", "refused"]
        assert "finished" in str(result)
        assert "<table" in result._repr_html_()
        with pytest.raises(nn.ConflictError, match=r"Grid \(1\).*finished"):
            result.check()

    def test_a_pause_waits_until_the_trainer_has_left(self, database: Database):
        """When the cell returns, the hardware is free."""
        lease = claim(database)
        train(database, lease, range(2))
        leaving = threading.Timer(0.5, end, (database, lease, RunState.PAUSED))
        leaving.start()

        result = nn.run(1).pause(timeout_s=60)
        leaving.join()

        assert list(result.frame["outcome"]) == ["done"]

    def test_a_rerun_is_at_hand_at_once(self):
        """What was made is what one looks at next."""
        again = nn.run("Grid (1)").rerun().new_run

        assert again.run_id != nn.run("Grid (1)").run_id
        assert again.row.state is RunState.QUEUED

    def test_a_cell_with_a_key_makes_nothing_twice(self):
        """Notebooks run their cells again."""
        first, second = (nn.run("Grid (1)").rerun(key="cell 7").new_run for _ in range(2))

        assert first.run_id == second.run_id
        assert len(nn.experiment("Grid").runs) == 3

    def test_a_run_at_the_end_of_a_cell_is_one_line(self):
        """What a notebook shows of it is for people."""
        assert repr(nn.run("Grid (1)")) == "<Run 1 'Grid (1)', queued when read>"
        assert "Session" not in repr(nn.experiment("Grid")) + repr(nn.select(tag="nightly"))

    def test_a_layer_by_number_is_refused_in_words(self):
        """Keras counts layers; arrays are stored by name."""
        with pytest.raises(nn.BadInputError, match=r"arrays\(\)"):
            nn.run("Grid (1)").weights(0)  # type: ignore[arg-type]

    def test_deleting_wants_to_be_meant(self):
        """A verb typed by habit must not cost a training."""
        with pytest.raises(nn.BadInputError, match="confirm=True"):
            nn.run("Grid (1)").delete()
        assert len(nn.select(tag="nightly")) == 2

        nn.run("Grid (1)").delete(confirm=True).check()

        assert [run.name for run in nn.select(tag="nightly")] == ["Grid (2)"]

    def test_what_happened_is_a_frame(self):
        """History and commands go where numbers go."""
        run = nn.run("Grid (2)")
        run.pause()
        run.prioritise(5)

        assert list(run.history()["state"]) == ["queued", "paused"]
        assert list(run.commands()["verb"]) == ["prioritise", "pause"]
        assert run.logs().empty
        assert run.adaptations().empty
        assert "steps_done" in run.checkpoints().columns

    @pytest.mark.parametrize(
        ("choose", "error", "word"),
        [
            (lambda: nn.run("Grid"), nn.NotFoundError, "Did you mean 'Grid"),
            (lambda: nn.run(99), nn.NotFoundError, "99"),
            (lambda: nn.experiment("Gird"), nn.NotFoundError, "'Grid'"),
            (nn.select, nn.BadInputError, "selection"),
            (lambda: nn.select(state="failed"), nn.BadInputError, "states alone"),
            (lambda: nn.select(tag="nightly", state="fialed"), nn.BadInputError, "'failed'"),
        ],
    )
    def test_a_word_that_means_nothing_is_told_with_the_nearest(self, choose, error, word: str):
        """A misspelled name costs seconds, not a search."""
        with pytest.raises(error, match=word):
            choose()


def test_a_name_that_means_several_runs_is_refused_with_their_numbers(database: Database):
    """Acting on the wrong run of two that share a name would be worse than asking."""
    submit(database, "Twice", run_specs("Twice", folds=2))
    with database.connection() as conn:
        conn.execute("UPDATE runs SET name = 'Twice'")

    with pytest.raises(nn.BadInputError, match=r"several runs.*2 .*1 "):
        nn.run("Twice")
