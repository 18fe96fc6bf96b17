"""What the shell offers while a command is typed."""

from __future__ import annotations

import pytest

from nntracker_ray.home import Home
from tests.acceptance.commands.ended_commands import process


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
