"""What is typed and what is shown: settings, states, sparklines, refusals."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from apps.checkpoint_command import checkpoints_table
from apps.listing import age
from apps.outcomes import MOST_LINES, outcomes_view
from apps.results import _mean_and_deviation
from apps.selection import Chosen, _require_a_choice
from apps.settings_words import changes_of
from apps.sparkline import HEIGHTS, LOST, sparkline
from apps.state_words import COLOURS, SIGNS, bar, state_text
from nntracker_ray.checkpoint_files import Form, checkpoint_name, form_of_suffix
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.commands import CommandRow, Outcome, Target, Verb, parse_states
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunState


class TestSettings:
    def test_values_are_json_and_dots_go_inside(self):
        """The same grammar as the experiment file, typed in one line."""
        words = ["learning_rate=1e-3", "optimizer.optimizer=SGD", "optimizer.conf.nesterov=true", "seed=null"]

        assert changes_of(words) == {
            "learning_rate": 1e-3,
            "optimizer": {"optimizer": "SGD", "conf": {"nesterov": True}},
            "seed": None,
        }

    @pytest.mark.parametrize(
        "words", [["learning_rate"], ["=1"], ["a..b=1"], ["a=1", "a=2"], ["a=1", "a.b=2"], ["a.b=2", "a=1"]]
    )
    def test_what_cannot_be_meant_is_refused_with_the_word(self, words: list[str]):
        """Of two contradicting settings neither may win silently."""
        with pytest.raises(BadInputError, match="--set"):
            changes_of(words)


class TestSparkline:
    @given(st.lists(st.floats(), max_size=200), st.integers(1, 60))
    def test_any_values_fit_the_width(self, values: list[float], width: int):
        """A diverged run draws a line, not an error."""
        drawn = sparkline(values, width)

        assert len(drawn) == min(len(values), width)
        assert set(drawn) <= set(HEIGHTS + LOST)
        if values:
            assert (drawn[-1] == LOST) == (not math.isfinite(values[-1]))

    def test_a_falling_loss_falls(self):
        """The shape is what one looks for."""
        assert sparkline([3.0, 2.0, 1.0, 0.0]) == "█▆▃▁"


class TestStates:
    def test_every_state_has_a_sign_of_its_own_and_a_colour(self):
        """Without colour, or without seeing colours, states are told apart."""
        assert len({signs[0] for signs in SIGNS.values()}) == len(RunState) == len(COLOURS)

    def test_a_terminal_without_unicode_gets_ascii(self, monkeypatch):
        """Logs of old machines stay readable."""
        console = Console()
        monkeypatch.setattr(type(console), "encoding", property(lambda _: "ascii"))

        assert state_text(RunState.FAILED, console).plain.isascii()
        assert bar(3, 8, console).isascii()

    def test_an_unknown_state_is_told_with_the_nearest(self):
        """One letter wrong costs one look."""
        with pytest.raises(BadInputError, match="'failed'"):
            parse_states(["fialed"])

    @pytest.mark.parametrize(("done", "total"), [(0, 0), (0, 5), (5, 5), (9, 5), (1, 100_000)])
    def test_a_bar_has_always_the_same_width(self, done: int, total: int):
        """Columns stay where they are."""
        assert len(bar(done, total, Console(), width=8)) == 8


class TestChoices:
    @pytest.mark.parametrize(
        "chosen",
        [
            Chosen(),
            Chosen(states=["failed"]),
            Chosen(words=["1"], everything=True),
            Chosen(tag="x", everything=True),
        ],
        ids=str,
    )
    def test_nothing_or_too_much_is_no_choice(self, chosen: Chosen):
        """`nntracker stop` with a forgotten name must not stop everything."""
        with pytest.raises(BadInputError, match="--all"):
            _require_a_choice(chosen)


class TestCheckpointWords:
    @pytest.mark.parametrize(
        ("word", "name"),
        [("4", "epoch-0004"), ("last", "last"), ("pause-12", "pause-12"), ("0", "epoch-0000")],
    )
    def test_an_epoch_is_enough_of_a_name(self, word: str, name: str):
        """People say the epoch; the file has the longer name."""
        assert checkpoint_name(word) == name

    @pytest.mark.parametrize("word", ["../last", "", "last.ckpt", "9" * 40, "epoch-1/../../x"])
    def test_no_name_leads_out_of_the_folder(self, word: str):
        """A name becomes a path."""
        with pytest.raises(NotFoundError):
            checkpoint_name(word)

    def test_the_ending_says_what_is_written(self, tmp_path):
        """And an ending that says nothing lists those that do."""
        assert form_of_suffix(tmp_path / "a.KERAS") is Form.KERAS
        with pytest.raises(BadInputError, match=r"\.npz"):
            form_of_suffix(tmp_path / "a.h5")


class TestResults:
    def test_one_run_alone_has_no_deviation(self):
        """A NaN beside a good result looks like a failure."""
        assert _mean_and_deviation(0.5, math.nan) == "0.5"
        assert _mean_and_deviation(0.5, 0.25) == "0.5 ± 0.25"
        assert _mean_and_deviation(math.nan, math.nan) == "NaN"

    def test_checkpoints_fit_a_narrow_screen(self):
        """When it was written and what was measured are what one chooses by."""
        when = datetime(2026, 1, 10, 12, 30, 15, tzinfo=UTC)
        one = CheckpointInfo("pause-123456", "pause", 3527, 16, 123456, 20_000, "val_accuracy", 0.96671, when)
        console = Console(width=80, record=True)

        with console.capture() as captured:
            console.print(checkpoints_table([one]))

        assert "val_accuracy" in captured.get()
        assert "0.9667" in captured.get()
        assert "01-10 12:30:15" in captured.get()


class TestOutcomes:
    def test_thousands_of_runs_are_counted_and_refusals_shown(self):
        """The table stays readable, and what did not work is not lost in it."""
        good = [_target(n, Outcome.DONE) for n in range(1000)]
        bad = [_target(n, Outcome.REFUSED, "it is finished") for n in range(3)]

        shown = _shown(*good, *bad)

        assert "1000" in shown
        assert shown.count("it is finished") == 4
        assert len(shown.splitlines()) < MOST_LINES

    def test_names_are_no_markup(self):
        """A run may be called anything; it must not colour, hide or break the table."""
        assert "[red]x[/red]" in _shown(_target("[red]x[/red]", Outcome.DONE))


def _target(name: object, outcome: Outcome, why: str = "") -> Target:
    return Target(uuid4(), str(name), outcome, why, None)


def _shown(*targets: Target) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    row = CommandRow(uuid4(), Verb.PAUSE, {}, "me", datetime.now(UTC), targets)
    with console.capture() as captured:
        console.print(outcomes_view(row, console))
    return captured.get()


@pytest.mark.parametrize(
    ("passed", "words"),
    [(timedelta(seconds=5), "0:05"), (timedelta(hours=3), "3:00:00"), (timedelta(days=2, hours=3), "2 d")],
)
def test_an_age_is_short(passed: timedelta, words: str):
    """A column of ages is read at a glance."""
    now = datetime(2026, 1, 10, tzinfo=UTC)

    assert age(now - passed, now) == words
