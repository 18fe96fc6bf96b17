"""What a notebook gets back for a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nntracker_ray.client.api import Api
from nntracker_ray.client.following import follow_command
from nntracker_ray.commands import CommandRow, Outcome
from nntracker_ray.errors import ConflictError

if TYPE_CHECKING:
    from nntracker_ray.client.one_run import Run

WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command and what has become of it; shows itself as a table. A refusal raises nothing unless `check` asks."""

    api: Api
    row: CommandRow  # as it stood when this object was made

    @property
    def frame(self) -> pd.DataFrame:
        """One line for each run: run, outcome, why, run_id, new_run_id."""
        names = ("run", "outcome", "why", "run_id", "new_run_id")
        lines = [
            (one.run_name, one.outcome.value, one.why, one.run_id, one.new_run_id) for one in self.row.targets
        ]
        return pd.DataFrame(lines, columns=list(names))

    @property
    def new_runs(self) -> list[Run]:
        """The runs that a fork or a rerun has made, as they stand now."""
        from nntracker_ray.client.one_run import Run

        return [Run.of(self.api, one.new_run_id) for one in self.row.targets if one.new_run_id]

    @property
    def new_run(self) -> Run:
        """The one run that was made. Raises: ConflictError: None was, or several were; `new_runs` has them."""
        made = [one.new_run_id for one in self.row.targets if one.new_run_id]
        if len(made) != 1:
            why = "; ".join(one.why for one in self.row.refused) or "see new_runs"
            raise ConflictError(f"{len(made)} runs were made, not one: {why}")
        return self.new_runs[0]

    def wait(self, timeout_s: float = WAIT_S) -> CommandResult:
        """The same command once nothing is pending, or as it stands at the timeout."""
        row = self.row
        for seen in follow_command(self.api, command_id=row.command_id, timeout_s=timeout_s):
            row = seen
        return CommandResult(self.api, row)

    def check(self) -> CommandResult:
        """Itself, if it is done for every run.

        Raises: ConflictError: It was refused for some, or is still pending; the message says which and why.
        """
        lacking = [one for one in self.row.targets if one.outcome is not Outcome.DONE]
        if not lacking:
            return self
        told = "; ".join(f"{one.run_name} {one.outcome.value}: {one.why}".rstrip(": ") for one in lacking[:5])
        more = f"; and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise ConflictError(
            f"{self.row.verb} is not done for {len(lacking)} of {len(self.row.targets)}: {told}{more}"
        )

    def __len__(self) -> int:
        return len(self.row.targets)

    def __str__(self) -> str:
        return f"{self.row.verb}\n{self._shown().to_string(index=False)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table: str = self._shown().to_html(index=False, escape=True)
        return table

    def _shown(self) -> pd.DataFrame:
        columns = ["run", "outcome", "why"]
        made = any(one.new_run_id for one in self.row.targets)
        return self.frame[[*columns, "new_run_id"] if made else columns]
